// The open part of the tree below the focused node, heights by altitude.

class Dendrogram {
  constructor(model, canvas) {
    this.model = model;
    this.canvas = canvas;
    this.marks = [];
  }

  resize() {
    const { clientWidth, clientHeight } = this.canvas;
    this.ratio = window.devicePixelRatio || 1;
    this.width = clientWidth;
    this.height = clientHeight;
    this.canvas.width = Math.max(1, Math.round(clientWidth * this.ratio));
    this.canvas.height = Math.max(1, Math.round(clientHeight * this.ratio));
  }

  // Nodes drawn open: those of the cut, as many as there is room for.
  drawnOpen() {
    const { model } = this;
    const room = Math.max(8, Math.floor(this.width / 3));
    const open = new Set();
    let regions = 1;
    for (const node of model.opening) {
      if (!model.open[node]) continue;
      regions += model.nChildren(node) - 1;
      if (regions > room && open.size) break;
      open.add(node);
    }
    return open;
  }

  draw(highlight) {
    const { model, width, height } = this;
    if (!width || !height) return;
    const context = this.canvas.getContext("2d");
    context.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    const open = this.drawnOpen();
    const ends = [];
    const inner = [];
    const stack = [model.focus];
    while (stack.length) {
      const node = stack.pop();
      if (!open.has(node)) {
        ends.push(node);
        continue;
      }
      inner.push(node);
      const children = model.children(node);
      for (let i = children.length - 1; i >= 0; i--) stack.push(children[i]);
    }
    const chip = Math.max(2, Math.min(14, (width - 8) / ends.length - 2));
    const pad = chip / 2 + 2;
    const base = height - 16;
    const top = 8;
    const highest = model.altitude[model.focus];
    const lowest = inner.reduce((least, node) => Math.min(least, model.altitude[node]), highest);
    const span = highest - lowest || 1;
    const at = new Map();
    for (const [i, node] of ends.entries()) {
      const x = ends.length === 1 ? width / 2 : pad + (i * (width - 2 * pad)) / (ends.length - 1);
      at.set(node, { node, x, y: base, left: x, right: x });
    }
    inner.sort((a, b) => a - b);
    for (const node of inner) {
      let left = Infinity;
      let right = -Infinity;
      let nearest = base;
      for (const child of model.children(node)) {
        const place = at.get(child);
        left = Math.min(left, place.x);
        right = Math.max(right, place.x);
        nearest = Math.min(nearest, place.y);
      }
      // The range of what is drawn, above a foot that keeps the lowest off the chips.
      const level = 0.2 + 0.8 * ((model.altitude[node] - lowest) / span);
      const y = Math.min(base - level * (base - top), nearest - 2);
      at.set(node, { node, x: (left + right) / 2, y, left, right });
    }
    // Steps of equal height push their parents up; the whole then shrinks to fit.
    const over = top - Math.min(...[...at.values()].map((place) => place.y));
    if (over > 0) {
      for (const place of at.values()) {
        place.y = base - (base - place.y) * ((base - top) / (base - top + over));
      }
    }
    const style = getComputedStyle(this.canvas);
    const stems = (nodes, stroke, thickness) => {
      context.beginPath();
      for (const node of nodes) {
        const place = at.get(node);
        const parent = at.get(model.parents[node]);
        context.moveTo(place.x, place.y);
        context.lineTo(place.x, parent.y);
        context.lineTo(parent.x, parent.y);
      }
      context.strokeStyle = stroke;
      context.lineWidth = thickness;
      context.lineJoin = "round";
      context.stroke();
    };
    const below = [...at.keys()].filter((node) => node !== model.focus);
    stems(below, style.getPropertyValue("--stem"), ends.length > 60 ? 0.8 : 1.2);
    let lit = highlight;
    while (lit !== null && !at.has(lit)) lit = lit === model.root ? null : model.parents[lit];
    if (lit !== null) {
      const path = model.path(lit).filter((node) => at.has(node) && node !== model.focus);
      stems(path, style.getPropertyValue("--accent"), 2.2);
    }
    for (const node of ends) {
      const { x, y } = at.get(node);
      const [red, green, blue] = model.colors.subarray(3 * node, 3 * node + 3);
      context.fillStyle = `rgb(${red} ${green} ${blue})`;
      context.beginPath();
      context.roundRect(x - chip / 2, y, chip, 12, Math.min(3, chip / 2));
      context.fill();
      if (node === lit) {
        context.strokeStyle = style.getPropertyValue("--ink");
        context.lineWidth = 1.5;
        context.stroke();
      }
    }
    this.marks = [...at.values()];
    const shown = ends.length < model.nRegions ? `, the ${ends.length} opened first shown` : "";
    this.canvas.setAttribute("aria-label", `Dendrogram of ${model.nRegions} regions${shown}`);
  }

  // The node whose chip, bar or stem is nearest, or null.
  nodeAt(clientX, clientY) {
    const frame = this.canvas.getBoundingClientRect();
    const x = clientX - frame.left;
    const y = clientY - frame.top;
    const placeOf = new Map(this.marks.map((mark) => [mark.node, mark]));
    let best = null;
    let least = 14;
    for (const mark of this.marks) {
      const aside = Math.max(mark.left - x, x - mark.right, 0);
      const bar = Math.hypot(aside, Math.max(mark.y - y, 0, mark.left === mark.right ? y - mark.y - 14 : y - mark.y));
      const parent = placeOf.get(this.model.parents[mark.node]);
      const stem = parent && mark.node !== this.model.focus
        ? Math.hypot(mark.x - x, Math.max(parent.y - y, y - mark.y, 0)) : Infinity;
      const distance = Math.min(bar, stem);
      if (distance < least) {
        least = distance;
        best = mark.node;
      }
    }
    return best;
  }
}
