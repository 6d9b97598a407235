// The tree as typed arrays, and its cuts. Numbers of nodes are those of Python.

const TYPES = {
  uint8: Uint8Array, int32: Int32Array, float32: Float32Array, float64: Float64Array,
};

async function inflate(base64) {
  const binary = atob(base64);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = binary.charCodeAt(i);
  const stream = new Blob([bytes]).stream();
  const inflated = stream.pipeThrough(new DecompressionStream("deflate"));
  return new Response(inflated).arrayBuffer();
}

async function typedArray(entry) {
  return entry && new TYPES[entry.dtype](await inflate(entry.data));
}

// Byte planes of labels + 1, every row coded as its difference from the row above.
async function labelMap(entry, width, height, none) {
  const planes = new Uint8Array(await inflate(entry.data));
  const size = width * height;
  const labels = new Int32Array(size);
  for (let plane = 0; plane < entry.planes; plane++) {
    const bytes = planes.subarray(plane * size, (plane + 1) * size);
    for (let i = width; i < size; i++) bytes[i] ^= bytes[i - width];
    for (let i = 0; i < size; i++) labels[i] |= bytes[i] << (8 * plane);
  }
  for (let i = 0; i < size; i++) labels[i] = labels[i] ? labels[i] - 1 : none;
  return labels;
}

class Model {
  static async load(data) {
    const model = new Model();
    model.title = data.title;
    model.width = data.width;
    model.height = data.height;
    model.fullWidth = data.fullWidth;
    model.fullHeight = data.fullHeight;
    model.note = data.note;
    model.omitted = data.omitted;
    const arrays = {};
    await Promise.all(Object.entries(data.arrays).map(async ([name, entry]) => {
      arrays[name] = await typedArray(entry);
    }));
    Object.assign(model, arrays);
    model.nNodes = model.parents.length;
    model.nLeaves = model.nNodes - model.order.length;
    model.root = model.nNodes - 1;
    model.none = model.nLeaves;
    model.labels = await labelMap(data.labels, data.width, data.height, model.none);
    model.columns = await Promise.all(data.columns.map(async (column) => ({
      name: column.name,
      values: JSON.parse(new TextDecoder().decode(await inflate(column.values))),
    })));
    model.names = data.named === null ? null : model.columns[data.named].values;
    model.image = data.image && await decodeImage(data.image);
    model.index();
    model.focusOn(model.root);
    return model;
  }

  index() {
    const { nNodes, nLeaves, parents, root } = this;
    const start = this.childStart = new Int32Array(nNodes + 1);
    for (let i = 0; i < root; i++) start[parents[i] + 1]++;
    for (let i = 0; i < nNodes; i++) start[i + 1] += start[i];
    const next = start.slice();
    this.childOrder = new Int32Array(root);
    this.rank = new Int32Array(nNodes);
    for (let i = 0; i < root; i++) {
      this.rank[i] = next[parents[i]] - start[parents[i]];
      this.childOrder[next[parents[i]]++] = i;
    }
    this.leafCount = new Int32Array(nNodes).fill(1, 0, nLeaves);
    const size = new Int32Array(nNodes).fill(1);
    for (let i = 0; i < root; i++) {
      size[parents[i]] += size[i];
      this.leafCount[parents[i]] += this.leafCount[i];
    }
    // Where a subtree begins and ends in the pre-order.
    this.depth = new Int32Array(nNodes);
    this.begin = new Int32Array(nNodes);
    this.end = new Int32Array(nNodes);
    this.end[root] = nNodes;
    for (let i = root - 1; i >= 0; i--) this.depth[i] = this.depth[parents[i]] + 1;
    for (let node = root; node >= nLeaves; node--) {
      let at = this.begin[node] + 1;
      for (let c = start[node]; c < start[node + 1]; c++) {
        const child = this.childOrder[c];
        this.begin[child] = at;
        at += size[child];
        this.end[child] = at;
      }
    }
    this.boxes();
    this.open = new Uint8Array(nNodes);
    this.region = new Int32Array(nNodes);
    this.hasNcut = this.ncut.some((value) => value >= 0);
    this.maxNcut = this.ncut.reduce((most, v) => (v > most ? v : most), 0);
  }

  boxes() {
    const { width, height, labels, nNodes, parents, root } = this;
    const left = this.left = new Int32Array(nNodes + 1).fill(width);
    const top = this.above = new Int32Array(nNodes + 1).fill(height);
    const right = this.right = new Int32Array(nNodes + 1).fill(-1);
    const bottom = this.below = new Int32Array(nNodes + 1).fill(-1);
    for (let y = 0, i = 0; y < height; y++) {
      for (let x = 0; x < width; x++, i++) {
        const leaf = labels[i];
        if (leaf === this.none) continue;
        if (x < left[leaf]) left[leaf] = x;
        if (x > right[leaf]) right[leaf] = x;
        if (y < top[leaf]) top[leaf] = y;
        bottom[leaf] = y;
      }
    }
    for (let i = 0; i < root; i++) {
      const parent = parents[i];
      if (left[i] < left[parent]) left[parent] = left[i];
      if (right[i] > right[parent]) right[parent] = right[i];
      if (top[i] < top[parent]) top[parent] = top[i];
      if (bottom[i] > bottom[parent]) bottom[parent] = bottom[i];
    }
  }

  inside(node, ancestor) {
    return this.begin[ancestor] <= this.begin[node] && this.end[node] <= this.end[ancestor];
  }

  children(node) {
    return this.childOrder.subarray(this.childStart[node], this.childStart[node + 1]);
  }

  nChildren(node) {
    return this.childStart[node + 1] - this.childStart[node];
  }

  path(node) {
    const nodes = [node];
    while (node !== this.root) nodes.push(node = this.parents[node]);
    return nodes.reverse();
  }

  focusOn(node) {
    this.focus = node;
    this.opening = node === this.root
      ? this.order : this.order.filter((other) => this.inside(other, node));
  }

  // RegionTree.cut(n_regions=...) of the focused node's subtree.
  cutRegions(count) {
    this.open.fill(0);
    let regions = 1;
    for (const node of this.opening) {
      regions += this.nChildren(node) - 1;
      if (regions > count) break;
      this.open[node] = 1;
    }
    this.close();
  }

  // RegionTree.cut(max_ncut=...) of it; a missing ncut keeps a node open.
  cutNcut(threshold) {
    this.open.fill(0);
    for (const node of this.opening) {
      const above = node === this.focus || this.open[this.parents[node]];
      if (above && !(this.ncut[node] >= threshold)) this.open[node] = 1;
    }
    this.close();
  }

  // Regions are the topmost closed nodes; -1 outside the focused node and on open ones.
  close() {
    const { region, open, parents, focus } = this;
    region.fill(-1);
    if (!open[focus]) region[focus] = focus;
    let count = open[focus] ? 0 : 1;
    for (let i = focus - 1; i >= 0; i--) {
      const parent = parents[i];
      if (region[parent] >= 0) region[i] = region[parent];
      else if (open[parent] && !open[i]) {
        region[i] = i;
        count++;
      }
    }
    this.nRegions = count;
  }

  // Regions in the order of their first pixels, which numbers them as RegionTree.labels.
  regionsByPixel() {
    const number = new Map();
    for (const leaf of this.labels) {
      const region = leaf === this.none ? -1 : this.region[leaf];
      if (region >= 0 && !number.has(region)) number.set(region, number.size);
    }
    return number;
  }

  name(node) {
    const given = this.names && this.names[node];
    if (given) return given;
    return node === this.root ? "Whole picture" : `Region ${node}`;
  }

  share(node) {
    const share = this.area[node] / this.area[this.root];
    if (share >= 0.0995) return `${(100 * share).toFixed(0)} %`;
    if (share >= 0.00095) return `${(100 * share).toFixed(1)} %`;
    return "< 0.1 %";
  }
}

function decodeImage(source) {
  return new Promise((resolve, reject) => {
    const image = new Image();
    image.onload = () => resolve(image);
    image.onerror = () => reject(new Error("the picture cannot be decoded"));
    image.src = source;
  });
}
