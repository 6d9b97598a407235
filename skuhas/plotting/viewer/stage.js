// The picture: a ground of image pixels, a layer of regions, a layer of outlines.
// All three have the screen's resolution, so that lines stay thin however far in.

const MOST_PIXELS = 2e6;
// What lies beside the picture; its frame is no boundary.
const BEYOND = -2;
const little = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1;

function packed(red, green, blue, alpha) {
  return little
    ? ((alpha << 24) | (blue << 16) | (green << 8) | red) >>> 0
    : ((red << 24) | (green << 16) | (blue << 8) | alpha) >>> 0;
}

// Where a picture begins along an axis: centred where there is room for all of it,
// else with its middle of interest in the middle, and no gap at either end.
function placed(room, extent, middle) {
  if (extent <= room) return (room - extent) / 2;
  return Math.min(0, Math.max(room - extent, room / 2 - middle));
}

class Stage {
  constructor(model, element) {
    this.model = model;
    this.element = element;
    [this.ground, this.layer, this.lines] = element.querySelectorAll("canvas");
    this.colorOf = new Uint32Array(model.nLeaves + 2);
    this.regionOf = new Int32Array(model.nLeaves + 2);
    this.view = this.whole();
    this.options = { fill: "colors", opacity: 0.6, boundaries: true, highlight: null };
    this.edges = null;
    this.animation = 0;
  }

  whole() {
    return { x: 0, y: 0, width: this.model.width, height: this.model.height };
  }

  // A node's bounding box with room around it, no smaller than a few pixels.
  box(node) {
    const { model } = this;
    if (node === model.root || model.right[node] < 0) return this.whole();
    let width = model.right[node] - model.left[node] + 1;
    let height = model.below[node] - model.above[node] + 1;
    const middleX = model.left[node] + width / 2;
    const middleY = model.above[node] + height / 2;
    const least = Math.max(model.width, model.height) / 12;
    const pad = 0.16 * Math.max(width, height);
    width = Math.min(Math.max(width + pad, least), model.width);
    height = Math.min(Math.max(height + pad, least), model.height);
    return {
      x: Math.min(Math.max(middleX - width / 2, 0), model.width - width),
      y: Math.min(Math.max(middleY - height / 2, 0), model.height - height),
      width,
      height,
    };
  }

  resize() {
    const { clientWidth, clientHeight } = this.element;
    const area = Math.max(clientWidth * clientHeight, 1);
    const ratio = Math.min(window.devicePixelRatio || 1, Math.sqrt(MOST_PIXELS / area));
    const width = Math.max(1, Math.round(clientWidth * ratio));
    const height = Math.max(1, Math.round(clientHeight * ratio));
    this.ratio = ratio;
    for (const canvas of [this.ground, this.layer, this.lines]) {
      canvas.width = width;
      canvas.height = height;
    }
    this.pixels = this.layer.getContext("2d").createImageData(width, height);
    this.words = new Uint32Array(this.pixels.data.buffer);
    this.leafAt = new Int32Array(width * height);
    this.settle();
  }

  show(node, smooth) {
    cancelAnimationFrame(this.animation);
    const from = this.view;
    const to = this.box(node);
    if (!smooth) {
      this.view = to;
      this.settle();
      return;
    }
    const begin = performance.now();
    const step = (now) => {
      const t = Math.min((now - begin) / 280, 1);
      const s = t < 0.5 ? 4 * t * t * t : 1 - (2 - 2 * t) ** 3 / 2;
      this.view = {};
      for (const key of ["x", "y", "width", "height"]) {
        this.view[key] = from[key] + s * (to[key] - from[key]);
      }
      this.settle();
      if (t < 1) this.animation = requestAnimationFrame(step);
    };
    this.animation = requestAnimationFrame(step);
  }

  // The part of the picture in view decides which leaf every screen pixel shows.
  settle() {
    const { model, view, leafAt } = this;
    const { width, height } = this.layer;
    const scale = Math.min(width / view.width, height / view.height);
    const offsetX = placed(width, model.width * scale, (view.x + view.width / 2) * scale);
    const offsetY = placed(height, model.height * scale, (view.y + view.height / 2) * scale);
    Object.assign(this, { scale, offsetX, offsetY });
    const outside = model.none + 1;
    const columns = new Int32Array(width);
    for (let x = 0; x < width; x++) columns[x] = Math.floor((x + 0.5 - offsetX) / scale);
    let previous = null;
    for (let y = 0; y < height; y++) {
      const row = Math.floor((y + 0.5 - offsetY) / scale);
      const at = y * width;
      if (row === previous) {
        leafAt.copyWithin(at, at - width, at);
        continue;
      }
      previous = row;
      if (row < 0 || row >= model.height) {
        leafAt.fill(outside, at, at + width);
        continue;
      }
      const base = row * model.width;
      for (let x = 0; x < width; x++) {
        const column = columns[x];
        leafAt[at + x] = column < 0 || column >= model.width
          ? outside : model.labels[base + column];
      }
    }
    // Only where leaves meet can regions meet.
    let seams = this.seams && this.seams.length >= width * height
      ? this.seams : new Int32Array(width * height);
    let count = 0;
    for (let y = 0; y < height - 1; y++) {
      for (let x = 0, i = y * width; x < width - 1; x++, i++) {
        const leaf = leafAt[i];
        if (leaf !== leafAt[i + 1] || leaf !== leafAt[i + width]) seams[count++] = i;
      }
    }
    this.seams = seams;
    this.nSeams = count;
    this.paintGround();
    this.paint();
    this.paintLines();
  }

  paintGround() {
    const { model, view } = this;
    const context = this.ground.getContext("2d");
    context.clearRect(0, 0, this.ground.width, this.ground.height);
    context.setTransform(this.scale, 0, 0, this.scale, this.offsetX, this.offsetY);
    if (model.image) {
      context.imageSmoothingEnabled = this.scale < 6;
      context.imageSmoothingQuality = "high";
      context.drawImage(model.image, 0, 0, model.width, model.height);
    } else {
      context.fillStyle = getComputedStyle(this.element).getPropertyValue("--ground");
      context.fillRect(0, 0, model.width, model.height);
    }
    context.setTransform(1, 0, 0, 1, 0, 0);
  }

  paint() {
    const { model, colorOf, regionOf, leafAt, words, options } = this;
    const table = options.fill === "means" && model.means ? model.means : model.colors;
    const alpha = Math.round(255 * options.opacity);
    const strong = Math.round(255 * (options.opacity + 0.45 * (1 - options.opacity)));
    const lit = options.highlight;
    const veil = this.veil();
    for (let leaf = 0; leaf < model.nLeaves; leaf++) {
      const region = model.region[leaf];
      regionOf[leaf] = region;
      if (region < 0) {
        colorOf[leaf] = veil;
        continue;
      }
      const bright = lit !== null && lit !== model.focus && model.inside(leaf, lit);
      const at = 3 * region;
      colorOf[leaf] = packed(table[at], table[at + 1], table[at + 2], bright ? strong : alpha);
    }
    colorOf[model.none] = colorOf[model.none + 1] = 0;
    regionOf[model.none] = -1;
    regionOf[model.none + 1] = BEYOND;
    for (let i = 0; i < words.length; i++) words[i] = colorOf[leafAt[i]];
    if (options.boundaries) this.paintBoundaries();
    this.layer.getContext("2d").putImageData(this.pixels, 0, 0);
  }

  // A light line with a shade beside it shows on any ground.
  paintBoundaries() {
    const { regionOf, leafAt, words, seams, nSeams } = this;
    const { width } = this.layer;
    const light = packed(255, 255, 255, 235);
    const shade = packed(0, 0, 0, 110);
    for (let s = 0; s < nSeams; s++) {
      const i = seams[s];
      const region = regionOf[leafAt[i]];
      if (region === BEYOND) continue;
      const right = regionOf[leafAt[i + 1]];
      const below = regionOf[leafAt[i + width]];
      if (region !== right && right !== BEYOND) {
        words[i] = light;
        words[i + 1] = shade;
      }
      if (region !== below && below !== BEYOND) {
        words[i] = light;
        words[i + width] = shade;
      }
    }
  }

  veil() {
    return document.documentElement.dataset.shade === "dark"
      ? packed(20, 20, 22, 190) : packed(250, 250, 248, 200);
  }

  // Sides of the picture's pixels at which leaves meet, runs along a line together.
  findEdges() {
    const { width, height, labels, none } = this.model;
    const across = [];
    const down = [];
    for (let y = -1; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const a = y < 0 ? none : labels[y * width + x];
        const b = y + 1 < height ? labels[(y + 1) * width + x] : none;
        if (a !== b) across.push(x, y + 1, a, b);
      }
    }
    for (let x = -1; x < width; x++) {
      for (let y = 0; y < height; y++) {
        const a = x < 0 ? none : labels[y * width + x];
        const b = x + 1 < width ? labels[y * width + x + 1] : none;
        if (a !== b) down.push(x + 1, y, a, b);
      }
    }
    return { across: Int32Array.from(across), down: Int32Array.from(down) };
  }

  // Outlines of the highlighted node and, fainter, of what holds it.
  paintLines() {
    const { model, options, lines, scale, offsetX, offsetY } = this;
    const context = lines.getContext("2d");
    context.clearRect(0, 0, lines.width, lines.height);
    const node = options.highlight;
    if (node === null || node === model.focus || !model.inside(node, model.focus)) return;
    this.edges ??= this.findEdges();
    const path = model.path(node).slice(model.depth[model.focus] + 1);
    const level = new Int16Array(model.nNodes + 1).fill(-1);
    level[model.focus] = 0;
    for (const [i, step] of path.entries()) level[step] = i + 1;
    for (let i = model.focus - 1; i >= 0; i--) {
      if (level[i] < 0) level[i] = level[model.parents[i]];
    }
    const levelOf = level.slice(0, model.nLeaves + 1);
    levelOf[model.none] = -1;
    const deepest = path.length;
    const faintest = Math.max(1, deepest - 6);
    const shapes = Array.from({ length: deepest + 1 }, () => new Path2D());
    const trace = (edges, dx, dy) => {
      for (let e = 0; e < edges.length;) {
        const a = levelOf[edges[e + 2]];
        const b = levelOf[edges[e + 3]];
        const innermost = a > b ? a : b;
        const x = edges[e];
        const y = edges[e + 1];
        e += 4;
        if (a === b || innermost < faintest) continue;
        let length = 1;
        while (
          e < edges.length && edges[e] === x + dx * length && edges[e + 1] === y + dy * length
          && levelOf[edges[e + 2]] !== levelOf[edges[e + 3]]
          && Math.max(levelOf[edges[e + 2]], levelOf[edges[e + 3]]) === innermost
        ) {
          length++;
          e += 4;
        }
        const px = offsetX + x * scale;
        const py = offsetY + y * scale;
        shapes[innermost].moveTo(px, py);
        shapes[innermost].lineTo(px + dx * length * scale, py + dy * length * scale);
      }
    };
    trace(this.edges.across, 1, 0);
    trace(this.edges.down, 0, 1);
    context.lineCap = "round";
    for (let i = faintest; i <= deepest; i++) {
      const own = i === deepest;
      const strength = own ? 1 : 0.75 * 0.72 ** (deepest - i - 1);
      context.strokeStyle = `rgba(0, 0, 0, ${0.55 * strength})`;
      context.lineWidth = (own ? 5 : 3.4) * this.ratio;
      context.stroke(shapes[i]);
      context.strokeStyle = `rgba(255, 255, 255, ${strength})`;
      context.lineWidth = (own ? 2.4 : 1.4) * this.ratio;
      context.stroke(shapes[i]);
    }
  }

  // The region shown at a place of the window, or null.
  regionAt(clientX, clientY) {
    const frame = this.layer.getBoundingClientRect();
    const x = Math.floor((clientX - frame.left) * this.ratio);
    const y = Math.floor((clientY - frame.top) * this.ratio);
    if (x < 0 || y < 0 || x >= this.layer.width || y >= this.layer.height) return null;
    const leaf = this.leafAt[y * this.layer.width + x];
    return leaf < this.model.nLeaves && this.model.region[leaf] >= 0
      ? this.model.region[leaf] : null;
  }
}
