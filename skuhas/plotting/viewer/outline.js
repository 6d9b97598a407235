// The tree as an ARIA tree of which only the rows in sight are in the document.

class Outline {
  constructor(model, element, actions) {
    this.model = model;
    this.element = element;
    this.actions = actions;
    // The splits that open first, so that there is something to see.
    this.expanded = new Set([model.root, ...model.order.subarray(0, 4)]);
    this.current = model.root;
    this.highlight = null;
    this.body = document.createElement("div");
    this.body.setAttribute("role", "none");
    this.body.className = "rows";
    element.append(this.body);
    element.addEventListener("scroll", () => this.draw());
    element.addEventListener("keydown", (event) => {
      if (this.key(event)) event.preventDefault();
    });
    this.body.addEventListener("pointerover", (event) => {
      const node = this.nodeOf(event.target);
      if (node !== null && event.pointerType === "mouse") actions.hover(node);
    });
    element.addEventListener("pointerleave", () => actions.hover(null));
    this.body.addEventListener("click", (event) => {
      const node = this.nodeOf(event.target);
      if (node === null) return;
      if (event.target.closest(".twist") && model.nChildren(node)) this.toggle(node);
      else actions.select(node);
    });
    this.body.addEventListener("dblclick", (event) => {
      const node = this.nodeOf(event.target);
      if (node !== null && !event.target.closest(".twist")) actions.enter(node);
    });
    this.list();
  }

  nodeOf(target) {
    const row = target.closest("[role=treeitem]");
    return row ? Number(row.dataset.node) : null;
  }

  list() {
    const rows = [];
    const stack = [this.model.root];
    while (stack.length) {
      const node = stack.pop();
      rows.push(node);
      if (!this.expanded.has(node)) continue;
      const children = this.model.children(node);
      for (let i = children.length - 1; i >= 0; i--) stack.push(children[i]);
    }
    this.rows = rows;
    this.place = new Map(rows.map((node, i) => [node, i]));
  }

  toggle(node, open = !this.expanded.has(node)) {
    if (open) this.expanded.add(node);
    else {
      this.expanded.delete(node);
      if (this.current !== node && this.model.inside(this.current, node)) {
        this.actions.select(node);
      }
    }
    this.list();
    this.draw();
  }

  // Make a node a row in sight.
  reveal(node) {
    let grown = false;
    for (const step of this.model.path(node).slice(0, -1)) {
      if (!this.expanded.has(step)) {
        this.expanded.add(step);
        grown = true;
      }
    }
    if (grown) this.list();
    this.current = node;
    this.resize();
    const at = this.place.get(node) * this.rowHeight;
    const { scrollTop, clientHeight } = this.element;
    // A step beyond the edge scrolls by a step, a leap to the middle.
    const above = at - scrollTop;
    const below = at + this.rowHeight - scrollTop - clientHeight;
    const near = 2 * this.rowHeight;
    if (above < -near || below > near) this.element.scrollTop = at - (clientHeight - this.rowHeight) / 2;
    else if (above < 0) this.element.scrollTop = at;
    else if (below > 0) this.element.scrollTop += below;
    this.draw();
  }

  resize() {
    this.rowHeight = parseFloat(getComputedStyle(this.element).getPropertyValue("--row"));
    this.body.style.height = `${this.rows.length * this.rowHeight}px`;
  }

  draw() {
    if (!this.rowHeight) this.resize();
    const { scrollTop, clientHeight } = this.element;
    this.body.style.height = `${this.rows.length * this.rowHeight}px`;
    const first = Math.max(0, Math.floor(scrollTop / this.rowHeight) - 2);
    const last = Math.min(this.rows.length, first + Math.ceil(clientHeight / this.rowHeight) + 5);
    const shown = this.rows.slice(first, last);
    const current = this.place.get(this.current);
    // The active row must exist for screen readers wherever one has scrolled.
    if (current < first || current >= last) shown.push(this.current);
    // Rows without their node stand for the nearest one that has a row.
    let lit = this.highlight;
    while (lit !== null && !this.place.has(lit)) lit = this.model.parents[lit];
    this.body.replaceChildren(...shown.map((node) => this.row(node, node === lit)));
    this.element.setAttribute("aria-activedescendant", `row-${this.current}`);
  }

  row(node, lit) {
    const { model } = this;
    const row = document.createElement("div");
    const level = model.depth[node] + 1;
    const parts = model.nChildren(node);
    row.id = `row-${node}`;
    row.dataset.node = node;
    row.className = "row";
    row.setAttribute("role", "treeitem");
    row.setAttribute("aria-level", level);
    row.setAttribute("aria-setsize", node === model.root ? 1 : model.nChildren(model.parents[node]));
    row.setAttribute("aria-posinset", model.rank[node] + 1);
    row.setAttribute("aria-selected", node === this.current);
    if (parts) row.setAttribute("aria-expanded", this.expanded.has(node));
    row.setAttribute("aria-label", describe(model, node));
    row.classList.toggle("lit", lit);
    row.classList.toggle("focus", node === model.focus);
    const region = model.region[node];
    const state = region === node ? "shown" : model.open[node] ? "open" : "under";
    row.classList.add(state);
    row.style.transform = `translateY(${this.place.get(node) * this.rowHeight}px)`;
    row.style.paddingInlineStart = `${4 + 11 * Math.min(level - 1, 12)}px`;
    const twist = document.createElement("span");
    twist.className = parts ? "twist" : "twist leaf";
    twist.setAttribute("aria-hidden", "true");
    const swatch = document.createElement("span");
    swatch.className = "swatch";
    const [red, green, blue] = model.colors.subarray(3 * node, 3 * node + 3);
    swatch.style.setProperty("--color", `rgb(${red} ${green} ${blue})`);
    const name = document.createElement("span");
    name.className = "name";
    name.textContent = model.name(node);
    const share = document.createElement("span");
    share.className = "share";
    share.textContent = model.share(node);
    row.append(twist, swatch, name, share);
    return row;
  }

  // The keys of the ARIA tree pattern; true where one was meant for the tree.
  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return false;
    const { model, rows } = this;
    const at = this.place.get(this.current);
    const go = (node) => {
      if (node !== undefined && node !== this.current) this.actions.select(node);
    };
    const page = Math.max(1, Math.floor(this.element.clientHeight / this.rowHeight) - 1);
    switch (event.key) {
      case "ArrowDown": go(rows[at + 1]); return true;
      case "ArrowUp": go(rows[at - 1]); return true;
      case "PageDown": go(rows[Math.min(at + page, rows.length - 1)]); return true;
      case "PageUp": go(rows[Math.max(at - page, 0)]); return true;
      case "Home": go(rows[0]); return true;
      case "End": go(rows[rows.length - 1]); return true;
      case "ArrowRight":
        if (!model.nChildren(this.current)) return true;
        if (this.expanded.has(this.current)) go(model.children(this.current)[0]);
        else this.toggle(this.current, true);
        return true;
      case "ArrowLeft":
        if (this.expanded.has(this.current) && model.nChildren(this.current)) {
          this.toggle(this.current, false);
        } else if (this.current !== model.root) go(model.parents[this.current]);
        return true;
      case "Enter":
        this.actions.enter(this.current);
        return true;
      default:
        return false;
    }
  }
}

function describe(model, node) {
  const parts = model.nChildren(node);
  const kind = parts ? `${parts} part${parts === 1 ? "" : "s"}` : "no parts";
  return `${model.name(node)}, ${model.share(node)} of the picture, ${kind}`;
}
