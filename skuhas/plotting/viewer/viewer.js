// The page: one state, and what changes it.

const $ = (id) => document.getElementById(id);
const calm = matchMedia("(prefers-reduced-motion: reduce)");
const dark = matchMedia("(prefers-color-scheme: dark)");

function figure(value) {
  if (Number.isNaN(value)) return null;
  return Number.isFinite(value) ? String(Number(value.toPrecision(4))) : "infinite";
}

class Viewer {
  constructor(model) {
    this.model = model;
    this.stage = new Stage(model, $("stage"));
    this.dendrogram = new Dendrogram(model, $("dendrogram"));
    const actions = {
      hover: (node) => this.hover(node),
      select: (node) => this.select(node),
      enter: (node) => this.enter(node),
    };
    this.outline = new Outline(model, $("tree"), actions);
    this.by = "regions";
    this.count = Math.min(12, model.nLeaves);
    this.threshold = Math.ceil(100 * model.maxNcut + 1) / 100;
    this.hovered = null;
    this.current = model.root;
    this.history = [];
    this.pending = new Set();
    this.fillPage();
    this.controls();
    this.pointer();
    this.keys();
    this.shade(dark.matches);
    dark.addEventListener("change", () => this.shade(dark.matches));
    this.cut();
    this.describeCut();
    const observer = new ResizeObserver(() => this.resize());
    observer.observe($("stage"));
    observer.observe($("dendrogram"));
    this.resize();
  }

  fillPage() {
    const { model } = this;
    const count = (n, one, many) => `${n.toLocaleString("en")} ${n === 1 ? one : many}`;
    $("summary").textContent = [
      `${model.fullWidth} × ${model.fullHeight}`,
      count(model.nLeaves, "leaf", "leaves"),
      count(model.depth.reduce((most, depth) => Math.max(most, depth)) + 1, "level", "levels"),
    ].join(" · ");
    $("note").textContent = model.note ?? "";
    $("note").hidden = !model.note;
    this.stage.options.opacity = model.image ? 0.55 : 1;
    $("opacity").value = 100 * this.stage.options.opacity;
    $("fill").hidden = !model.means;
    const threshold = document.querySelector("#by [value=ncut]");
    threshold.disabled = !model.hasNcut;
    if (!model.hasNcut) threshold.parentElement.title = "This tree carries no normalised cuts.";
    $("ncut-slider").max = this.threshold;
    $("stage").style.setProperty("--aspect", model.height / model.width);
  }

  // ------------------------------------------------------------------ the cut

  cut() {
    const { model } = this;
    if (this.by === "regions") model.cutRegions(this.count);
    else model.cutNcut(this.threshold);
    const most = model.leafCount[model.focus];
    const slider = $("regions-slider");
    slider.value = most === 1 ? 0 : (1000 * Math.log(this.count)) / Math.log(most);
    slider.disabled = $("regions-number").disabled = most === 1;
    const text = `${model.nRegions.toLocaleString("en")} region${model.nRegions === 1 ? "" : "s"}`;
    slider.setAttribute("aria-valuetext", text);
    this.write("regions-number", this.count);
    $("regions-number").max = most;
    $("ncut-slider").value = this.threshold;
    $("ncut-slider").setAttribute("aria-valuetext", `${this.threshold}, ${text}`);
    this.write("ncut-number", this.threshold);
    $("count").textContent = text;
    slider.style.setProperty("--done", `${slider.value / 10}%`);
    $("ncut-slider").style.setProperty("--done", `${(100 * this.threshold) / $("ncut-slider").max}%`);
    $("regions").setAttribute("aria-label", `Picture in ${text}, inside ${model.name(model.focus)}`);
    this.draw("paint", "dendrogram", "outline");
  }

  // A number being typed is left alone.
  write(id, value) {
    if (document.activeElement !== $(id)) $(id).value = value;
  }

  setCount(count) {
    const most = this.model.leafCount[this.model.focus];
    this.count = Math.min(Math.max(Math.round(count), 1), most);
    this.mode("regions");
    this.cut();
    this.describeCut();
  }

  setThreshold(threshold) {
    this.threshold = Math.max(threshold, 0);
    this.mode("ncut");
    this.cut();
    this.describeCut();
  }

  // The largest step of the slider that shows no more regions than these.
  thresholdFor(regions) {
    const { model } = this;
    let low = 0;
    let high = Math.round(1000 * $("ncut-slider").max);
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      model.cutNcut(middle / 1000);
      if (model.nRegions <= regions) low = middle;
      else high = middle - 1;
    }
    return low / 1000;
  }

  mode(by) {
    this.by = by;
    document.querySelector(`#by [value=${by}]`).checked = true;
    for (const id of ["regions", "ncut"]) {
      $(`${id}-slider`).hidden = $(`${id}-number`).hidden = id !== by;
    }
  }

  describeCut() {
    const { model } = this;
    const where = model.focus === model.root ? "" : ` inside ${model.name(model.focus)}`;
    this.say(`${$("count").textContent}${where}`);
  }

  say(text) {
    clearTimeout(this.saying);
    this.saying = setTimeout(() => { $("live").textContent = text; }, 200);
  }

  // ---------------------------------------------------------------- selection

  get highlight() {
    if (this.hovered !== null) return this.hovered;
    return this.current === this.model.focus ? null : this.current;
  }

  hover(node) {
    if (node === this.hovered) return;
    this.hovered = node;
    this.lit();
  }

  lit() {
    this.stage.options.highlight = this.highlight;
    this.outline.highlight = this.highlight;
    this.draw("paint", "lines", "dendrogram", "outline", "details");
  }

  // Make a node the current one, in view in the picture and in the tree.
  select(node) {
    const { model } = this;
    this.current = node;
    this.hovered = null;
    this.outline.reveal(node);
    if (!model.inside(node, model.focus)) {
      let above = model.focus;
      while (!model.inside(node, above)) above = model.parents[above];
      this.focusOn(above);
    }
    this.lit();
    this.say(describe(model, node));
  }

  enter(node) {
    const { model } = this;
    if (!model.nChildren(node)) {
      this.select(node);
      this.say(`${describe(model, node)}: nothing to open`);
      return;
    }
    if (node === model.focus) return;
    this.focusOn(node);
    this.select(node);
    this.describeCut();
  }

  up() {
    const { model } = this;
    if (model.focus !== model.root) this.enter(model.parents[model.focus]);
  }

  // To the view from which one came to this one, which is further up.
  back() {
    const last = this.history.at(-1);
    if (last) this.enter(last.node);
    else if (this.current !== this.model.focus) this.select(this.model.focus);
  }

  focusOn(node) {
    const { model } = this;
    const before = this.history.find((entry) => entry.node === node);
    const { by, count, threshold } = this;
    this.history.push({ node: model.focus, by, count, threshold });
    this.history = this.history.filter(
      (entry) => entry.node !== node && model.inside(node, entry.node),
    );
    const most = model.leafCount[node];
    const few = Math.max(model.nChildren(node), Math.min(node === model.root ? 12 : 6, most));
    this.count = few;
    if (before) {
      Object.assign(this, { by: before.by, count: before.count, threshold: before.threshold });
    } else if (by === "ncut" && model.ncut[node] >= threshold) {
      // The threshold keeps this node whole, and one came to see its parts.
      this.by = "regions";
    }
    model.focusOn(node);
    this.mode(this.by);
    this.hovered = null;
    this.cut();
    this.stage.show(node, !calm.matches);
  }

  // ----------------------------------------------------------------- drawing

  // Whatever changes between two frames is drawn once.
  draw(...parts) {
    for (const part of parts) this.pending.add(part);
    this.frame ??= requestAnimationFrame(() => {
      this.frame = null;
      const begin = performance.now();
      const { pending } = this;
      this.pending = new Set();
      if (pending.has("paint")) this.stage.paint();
      if (pending.has("lines")) this.stage.paintLines();
      if (pending.has("dendrogram")) this.dendrogram.draw(this.highlight);
      if (pending.has("outline")) this.outline.draw();
      this.details();
      // What the benchmark reads: milliseconds of work for this frame.
      this.spent = performance.now() - begin;
    });
  }

  resize() {
    this.stage.resize();
    this.dendrogram.resize();
    this.outline.resize();
    this.detailed = null;
    this.draw("dendrogram", "outline");
  }

  details() {
    const { model } = this;
    const node = this.highlight ?? this.current;
    const key = `${node} ${model.focus}`;
    if (key === this.detailed) return;
    this.detailed = key;
    $("region-name").textContent = model.name(node);
    const [red, green, blue] = model.colors.subarray(3 * node, 3 * node + 3);
    $("region-swatch").style.setProperty("--color", `rgb(${red} ${green} ${blue})`);
    $("open").disabled = !model.nChildren(node) || node === model.focus;
    const rows = [
      ["Area", `${model.share(node)} · ${model.area[node].toLocaleString("en")} px`],
      ["Parts", `${model.nChildren(node) || "none"} · ${model.leafCount[node].toLocaleString("en")} ${model.leafCount[node] === 1 ? "leaf" : "leaves"}`],
      ["Level", `${model.depth[node]}`],
      ["Altitude", figure(model.altitude[node])],
      ["Normalised cut", figure(model.ncut[node])],
      ["Perturbation", figure(model.perturbation[node])],
      ["Eigengap", figure(model.eigengap[node])],
      ...model.columns.map((column) => [column.name, column.values[node]]),
      ...model.omitted,
    ];
    if (model.names) rows.unshift(["Node", String(node)]);
    $("figures").replaceChildren(...rows.filter(([, value]) => value !== null).map(([name, value]) => {
      const row = document.createElement("div");
      const term = document.createElement("dt");
      const text = document.createElement("dd");
      term.textContent = name;
      text.textContent = value;
      row.append(term, text);
      return row;
    }));
    this.drawPath(node);
  }

  drawPath(node) {
    const { model } = this;
    const nodes = model.path(model.inside(node, model.focus) ? node : model.focus);
    // The root and as many of the last steps as there is room for.
    const room = Math.max(1, Math.floor(($("path").parentElement.clientWidth - 170) / 115));
    const kept = nodes.length > room + 1 ? [nodes[0], null, ...nodes.slice(-room)] : nodes;
    $("up").disabled = model.focus === model.root;
    $("path").replaceChildren(...kept.map((step) => {
      const item = document.createElement("li");
      if (step === null) {
        item.textContent = "…";
        item.className = "gap";
        item.title = `${nodes.length - room - 1} more`;
        return item;
      }
      const button = document.createElement("button");
      button.type = "button";
      button.className = "quiet";
      button.textContent = model.name(step);
      button.dataset.node = step;
      if (step === model.focus) button.setAttribute("aria-current", "location");
      else if (!model.inside(model.focus, step)) button.classList.add("ahead");
      item.append(button);
      return item;
    }));
  }

  // ---------------------------------------------------------------- controls

  controls() {
    const { model, stage } = this;
    const most = () => model.leafCount[model.focus];
    $("regions-slider").addEventListener("input", (event) => {
      this.setCount(most() ** (event.target.value / 1000));
    });
    // The slider is logarithmic; its keys are not.
    $("regions-slider").addEventListener("keydown", (event) => {
      const page = Math.max(1, Math.round(this.count / 4));
      const steps = {
        ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1,
        PageUp: page, PageDown: -page, Home: -Infinity, End: Infinity,
      };
      if (!(event.key in steps) || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      this.setCount(this.count + steps[event.key]);
    });
    $("regions-number").addEventListener("input", (event) => {
      if (event.target.value >= 1) this.setCount(Number(event.target.value));
    });
    $("ncut-slider").addEventListener("input", (event) => {
      this.setThreshold(Number(event.target.value));
    });
    $("ncut-number").addEventListener("input", (event) => {
      if (event.target.value !== "" && event.target.value >= 0) this.setThreshold(Number(event.target.value));
    });
    for (const id of ["regions-number", "ncut-number"]) {
      $(id).addEventListener("blur", () => this.cut());
    }
    $("by").addEventListener("change", (event) => {
      if (event.target.value === "regions") this.setCount(model.nRegions);
      else this.setThreshold(this.thresholdFor(model.nRegions));
    });
    $("fill").addEventListener("change", (event) => {
      stage.options.fill = event.target.value;
      this.draw("paint");
    });
    $("opacity").addEventListener("input", (event) => {
      stage.options.opacity = event.target.value / 100;
      this.draw("paint");
    });
    $("boundaries").addEventListener("change", (event) => {
      stage.options.boundaries = event.target.checked;
      this.draw("paint");
    });
    const stem = model.title.replace(/[^\p{L}\p{N}._-]+/gu, "_").slice(0, 60) || "tree";
    $("save-picture").addEventListener("click", async () => {
      download(await pictureFile(model, stage.options), `${stem}_${model.nRegions}_picture.png`);
      this.say("Picture saved");
    });
    $("save-labels").addEventListener("click", async () => {
      download(await labelsFile(model), `${stem}_${model.nRegions}.png`);
      this.say("Labels saved");
    });
    $("open").addEventListener("click", () => this.enter(this.highlight ?? this.current));
    $("up").addEventListener("click", () => this.up());
    $("path").addEventListener("click", (event) => {
      const button = event.target.closest("button");
      if (!button) return;
      const node = Number(button.dataset.node);
      if (node === model.focus) return;
      if (model.nChildren(node)) this.enter(node);
      else this.select(node);
    });
    $("theme").addEventListener("click", () => {
      this.shade(document.documentElement.dataset.shade !== "dark");
    });
    $("help-button").addEventListener("click", () => $("help").showModal());
  }

  shade(isDark) {
    document.documentElement.dataset.shade = isDark ? "dark" : "light";
    $("theme").textContent = isDark ? "Light" : "Dark";
    $("theme").setAttribute("aria-label", isDark ? "Switch to light" : "Switch to dark");
    if (this.stage.pixels) {
      this.stage.paintGround();
      this.draw("paint", "dendrogram");
    }
  }

  pointer() {
    const { stage } = this;
    const picture = stage.element;
    picture.addEventListener("pointermove", (event) => {
      if (event.pointerType === "mouse") this.hover(stage.regionAt(event.clientX, event.clientY));
    });
    picture.addEventListener("pointerleave", () => this.hover(null));
    picture.addEventListener("pointerdown", (event) => { this.pointerKind = event.pointerType; });
    // A finger cannot hover: its first tap lights a region up, the next one opens it.
    picture.addEventListener("click", (event) => {
      const node = stage.regionAt(event.clientX, event.clientY);
      if (node === null) this.up();
      else if (this.pointerKind === "mouse" || node === this.current) this.enter(node);
      else this.select(node);
    });
    const canvas = this.dendrogram.canvas;
    canvas.addEventListener("pointermove", (event) => {
      this.hover(this.dendrogram.nodeAt(event.clientX, event.clientY));
    });
    canvas.addEventListener("pointerleave", () => this.hover(null));
    canvas.addEventListener("click", (event) => {
      const node = this.dendrogram.nodeAt(event.clientX, event.clientY);
      if (node !== null) this.enter(node);
    });
  }

  keys() {
    document.addEventListener("keydown", (event) => {
      if (event.defaultPrevented || $("help").open) return;
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const { target } = event;
      const typing = target.matches("input[type=number]");
      const steps = { "+": 1, "=": 1, "-": -1, "−": -1, _: -1 };
      if (!typing && event.key in steps) {
        if (this.by === "regions") this.setCount(this.count + steps[event.key]);
        else this.setThreshold(Math.round(1000 * this.threshold + 10 * steps[event.key]) / 1000);
      } else if (event.key === "Escape") this.back();
      else if (event.key === "Backspace" && !typing) this.up();
      else if (event.key === "?") $("help").showModal();
      else if (!typing && event.key.toLowerCase() === "b") $("boundaries").click();
      else if (!typing && event.key.toLowerCase() === "t") $("theme").click();
      else if (!typing && event.key.toLowerCase() === "c" && this.model.means) {
        document.querySelector("#fill input:not(:checked)").click();
      } else if (!typing && event.key.toLowerCase() === "o") {
        const slider = $("opacity");
        slider.value = Number(slider.value) + (event.shiftKey ? -5 : 5);
        slider.dispatchEvent(new Event("input"));
      } else if (target.closest("input, button, [role=tree]") || !this.outline.key(event)) return;
      event.preventDefault();
    });
  }
}

async function start() {
  try {
    const data = JSON.parse($("data").textContent);
    const model = await Model.load(data);
    window.skuhas = new Viewer(model);
    document.documentElement.dataset.ready = "";
    performance.mark("ready");
  } catch (error) {
    $("note").hidden = false;
    $("note").textContent = `This page cannot be shown: ${error.message}. It needs a browser of 2023 or later.`;
    throw error;
  }
}

start();
