// What every moving figure is made of: a plane with axes, handles, sliders, buttons, numbers.
//
// A figure gives its first state and builds itself on a stage; whenever a control changes the state,
// the stage calls the figure's `draw`, which gives the numbers that the drawing now shows. They stand
// in the property `numbers` of the figure's place in the page, for the tests.

import look from "./moving.css";

const NAMESPACE = "http://www.w3.org/2000/svg";
const SETTLED = 700; // milliseconds without a change, after which a screen reader is told the result
const WIDTH = 400; // a plane's, in units of its drawing

/** An SVG element with attributes and children. */
export function svg(name, attributes = {}, ...children) {
  const made = document.createElementNS(NAMESPACE, name);
  set(made, attributes);
  made.append(...children);
  return made;
}

/** An HTML element with properties and children. */
export function html(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

/** Sets attributes; an undefined value takes the attribute away. */
export function set(element, attributes) {
  for (const [name, value] of Object.entries(attributes))
    if (value === undefined) element.removeAttribute(name);
    else element.setAttribute(name, value);
}

/** A number as the book prints it: so many digits, and a minus that is one. */
export function shown(value, digits = 2) {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "not a number" : value > 0 ? "∞" : "−∞";
  const text = value.toLocaleString("en", {
    minimumFractionDigits: digits, maximumFractionDigits: digits, useGrouping: true,
  });
  return /[1-9]/.test(text) ? text.replace("-", "−") : text.replace("-", "");
}

/** A number of any size, to three or four digits: 0.0042, 12.3, 4.20 × 10⁻⁷. */
export function measured(value) {
  const size = Math.abs(value);
  if (!Number.isFinite(value) || size === 0) return shown(value, 0);
  if (size >= 1e-4 && size < 1e6) return shown(value, clamp(2 - Math.floor(Math.log10(size)), [0, 6]));
  const [front, power] = value.toExponential(2).split("e");
  const raised = String(Number(power)).replace("-", "⁻").replace(/\d/g, (digit) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[digit]);
  return `${front.replace("-", "−")} × 10${raised}`;
}

/** A vector as the book prints it. */
export const vector = (v, digits = 1) => `(${v.map((entry) => shown(entry, digits)).join(", ")})`;

const clamp = (value, [low, high]) => Math.min(high, Math.max(low, value));

/** The multiple of `step` next to `value`, with no more decimals than `step` has. */
function snap(value, step) {
  const decimals = (String(step).split(".")[1] ?? "").length;
  return Number((Math.round(value / step) * step).toFixed(decimals));
}

/** A corner of the page's coordinate system: what is drawn on it is given in its own units. */
export class Plane {
  constructor({ x, y, height, square = false, bare = false, ticks, xlabel = "", ylabel = "" }) {
    const [left, right, top, bottom] = [ylabel ? 52 : 26, 14, 8, xlabel ? 36 : 22];
    this.ranges = [x, y];
    this.scale = [(WIDTH - left - right) / (x[1] - x[0])];
    height ??= square ? Math.round(this.scale[0] * (y[1] - y[0])) + top + bottom : 260;
    this.scale[1] = (height - top - bottom) / (y[1] - y[0]);
    this.origin = [left - x[0] * this.scale[0], height - bottom + y[0] * this.scale[1]];
    const clip = `moving-clip-${++Plane.made}`;
    const box = { x: left, y: top, width: WIDTH - left - right, height: height - top - bottom };
    this.content = svg("g", { "clip-path": `url(#${clip})`, "aria-hidden": "true" });
    this.handles = svg("g");
    this.frame = svg("g", { "aria-hidden": "true" });
    this.node = svg("svg", { viewBox: `0 0 ${WIDTH} ${height}`, role: "group" },
      svg("clipPath", { id: clip }, svg("rect", box)), this.frame, this.content, this.handles);
    for (const [value, name] of ticks[0]) {
      const at = this.at([value, y[0]])[0];
      if (!bare) this.frame.append(svg("path", { class: "grid", d: `M${at} ${top}V${height - bottom}` }));
      this.frame.append(text(name ?? shown(value, 0), [at, height - bottom + 14], "tick"));
    }
    for (const [value, name] of ticks[1]) {
      const at = this.at([x[0], value])[1];
      if (!bare) this.frame.append(svg("path", { class: "grid", d: `M${left} ${at}H${WIDTH - right}` }));
      this.frame.append(text(name ?? shown(value, 0), [left - 5, at + 4], "tick end"));
    }
    if (xlabel) this.frame.append(text(xlabel, [left + box.width / 2, height - 5], "name"));
    if (ylabel) {
      const label = text(ylabel, [0, 0], "name");
      set(label, { transform: `translate(11 ${top + box.height / 2}) rotate(-90)` });
      this.frame.append(label);
    }
  }

  /** Where a point of the plane lies in the drawing. */
  at(point) {
    return [
      round(this.origin[0] + point[0] * this.scale[0]),
      round(this.origin[1] - point[1] * this.scale[1]),
    ];
  }

  /** The point of the plane under the pointer. */
  under({ clientX, clientY }) {
    const place = new DOMPoint(clientX, clientY).matrixTransform(this.node.getScreenCTM().inverse());
    return [(place.x - this.origin[0]) / this.scale[0], (this.origin[1] - place.y) / this.scale[1]];
  }

  add(name, className, attributes = {}) {
    const made = svg(name, { class: className, ...attributes });
    this.content.append(made);
    return made;
  }

  /** A line through points; `draw(points)` moves it. */
  line(className) {
    const made = this.add("path", className);
    return (points, closed = false) => set(made, { d: this.route(points, closed) });
  }

  /** Points as an SVG path; what is far outside stays outside, in numbers that SVG can hold. */
  route(points, closed = false) {
    const steps = points.map((point) => this.at(point).map((value) => clamp(value, [-9999, 9999])));
    return steps.length ? `M${steps.map((step) => step.join(" ")).join("L")}${closed ? "Z" : ""}` : "";
  }

  /** An arrow; `draw(tip, foot)` moves it. One whose tip is a handle ends `short` of it. */
  arrow(className, short = 0) {
    const made = this.add("path", `${className} arrow`);
    return (tip, foot = [0, 0]) => {
      const [[x1, y1], [xt, yt]] = [this.at(foot), this.at(tip)];
      const long = Math.hypot(xt - x1, yt - y1);
      if (long < short + 1) return set(made, { d: "" });
      const [ux, uy] = [(xt - x1) / long, (yt - y1) / long];
      const [x2, y2] = [round(xt - short * ux), round(yt - short * uy)];
      const barb = (side) => `${round(x2 - 9 * ux - side * 5 * uy)} ${round(y2 - 9 * uy + side * 5 * ux)}`;
      return set(made, { d: `M${x1} ${y1}L${x2} ${y2}M${barb(1)}L${x2} ${y2}L${barb(-1)}` });
    };
  }

  /** A word in the drawing; `draw(point, words, dx, dy)` moves it. */
  label(className, words = "") {
    const made = text(words, [0, 0], className);
    this.content.append(made);
    return (point, [dx, dy] = [0, 0], say = words) => {
      const [x, y] = this.at(point);
      set(made, { x: x + dx, y: y + dy });
      made.textContent = say;
    };
  }

  /** A point; `draw(point)` moves it. */
  point(className, radius = 4) {
    const made = this.add("circle", className, { r: radius });
    return (point) => {
      const [cx, cy] = this.at(point);
      set(made, { cx: clamp(cx, [-99, 999]), cy: clamp(cy, [-99, 999]) });
    };
  }
}
Plane.made = 0;

const round = (value) => Math.round(value * 100) / 100;

function text(words, [x, y], className) {
  const made = svg("text", { x, y, class: className });
  made.textContent = words;
  return made;
}

/** What a figure is built on, in its place in the page. */
export class Stage {
  constructor(place, figure, name) {
    Object.assign(this, { place, figure, name, follow: [], ended: undefined, waiting: 0 });
    this.controls = html("div", { className: "moving-controls" });
    this.lines = html("div", { className: "moving-lines" });
    this.told = html("p", { className: "moving-told" });
    set(this.told, { role: "status" });
    this.box = html("div", { className: "moving-figure", tabIndex: -1 });
    set(this.box, { role: "group", "aria-label": figure.title });
    this.reset = html("button", { type: "button", textContent: "Reset" });
    this.reset.addEventListener("click", () => {
      this.end();
      this.change(figure.start());
    });
    this.buttons = [this.reset];
    this.state = figure.start();
    this.draw = figure.build(this);
    this.box.append(this.controls, this.lines, this.told);
    this.update(false);
  }

  /** Takes over a part of the state, and draws. */
  change(part) {
    Object.assign(this.state, part);
    this.update();
  }

  update(tell = true) {
    const { numbers, words } = this.draw(this.state);
    this.place.numbers = numbers;
    for (const follow of this.follow) follow();
    clearTimeout(this.waiting);
    if (tell && !this.ended)
      this.waiting = setTimeout(() => { this.told.textContent = words; }, SETTLED);
  }

  plane(settings) {
    const made = new Plane(settings);
    set(made.node, { "aria-label": settings.label });
    this.box.append(made.node);
    return made;
  }

  /** A point to be moved, by pointer or by keys: `key` names it in the state, `say` tells where it is;
   *  it is drawn `drop` units under its point. */
  handle(plane, key, { label, className, step = 0.1, ranges = plane.ranges, say = vector, drop = 0 }) {
    const [[low, high]] = ranges;
    const made = svg("g", {
      class: `handle ${className}`, role: "slider", tabindex: 0, "aria-label": label,
      "aria-roledescription": "point", "aria-valuemin": low, "aria-valuemax": high,
    }, svg("circle", { class: "reach", r: 18 }), svg("circle", { class: "ring", r: 11 }),
    svg("circle", { class: "grip", r: 6 }));
    plane.handles.append(made);
    const go = (point) => this.change({
      [key]: point.map((value, axis) => clamp(snap(value, step), ranges[axis])),
    });
    made.addEventListener("keydown", (event) => {
      const far = event.shiftKey ? 10 * step : step;
      const [x, y] = this.state[key];
      const to = {
        ArrowLeft: [x - far, y], ArrowRight: [x + far, y], ArrowUp: [x, y + far],
        ArrowDown: [x, y - far], Home: [ranges[0][0], y], End: [ranges[0][1], y],
        PageUp: [x, ranges[1][1]], PageDown: [x, ranges[1][0]],
      }[event.key];
      if (!to || event.ctrlKey || event.altKey || event.metaKey) return;
      event.preventDefault();
      go(to);
    });
    made.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      made.setPointerCapture(event.pointerId);
      made.focus({ preventScroll: true });
      event.preventDefault();
    });
    made.addEventListener("pointermove", (event) => {
      if (made.hasPointerCapture(event.pointerId)) go(plane.under(event));
    });
    this.follow.push(() => {
      const point = this.state[key];
      const [x, y] = plane.at(point);
      set(made, {
        transform: `translate(${x} ${y + drop})`, "aria-valuenow": point[0], "aria-valuetext": say(point),
      });
    });
  }

  /** A slider for one number of the state; `value` and `place` turn its position into the number. */
  slider(key, { label, min, max, step, say = (value) => shown(value, 0), value = Number, place = Number }) {
    const id = `moving-${this.name}-${key}`;
    const input = html("input", { type: "range", min, max, step, id });
    const output = html("output");
    set(output, { "aria-live": "off" });
    this.controls.append(html("div", { className: "moving-slider" },
      html("label", { htmlFor: id, textContent: label }), input, output));
    input.addEventListener("input", () => {
      this.end();
      this.change({ [key]: value(Number(input.value)) });
    });
    input.addEventListener("keydown", (event) => { // Shift takes ten steps, as on a handle
      const way = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 }[event.key];
      if (!way || !event.shiftKey) return;
      event.preventDefault();
      const to = clamp(snap(Number(input.value) + 10 * way * step, step), [min, max]);
      this.end();
      this.change({ [key]: value(to) });
    });
    this.follow.push(() => {
      const now = this.state[key];
      input.value = place(now);
      output.textContent = say(now);
      set(input, { "aria-valuetext": say(now) });
    });
  }

  /** A choice among words; the state holds the number of the chosen one. */
  choice(key, { label, words }) {
    const id = `moving-${this.name}-${key}`;
    const input = html("select", { id }, ...words.map((word, at) => new Option(word, at)));
    this.controls.append(html("div", { className: "moving-choice" },
      html("label", { htmlFor: id, textContent: label }), input));
    input.addEventListener("change", () => this.change({ [key]: Number(input.value) }));
    this.follow.push(() => { input.value = this.state[key]; });
  }

  /** Buttons that put the figure into a state with a name. */
  presets(label, states) {
    const box = html("div", { className: "moving-presets" });
    set(box, { role: "group", "aria-label": label });
    for (const [name, state] of Object.entries(states)) {
      const button = html("button", { type: "button", textContent: name });
      button.addEventListener("click", () => this.change(structuredClone(state)));
      box.append(button);
    }
    this.controls.append(box);
  }

  /** A line of numbers under the drawing; `draw(words)` writes it. */
  line(label, name) {
    const output = html("output");
    set(output, { "aria-live": "off", "data-name": name });
    this.lines.append(html("p", {}, html("span", { textContent: label }), output));
    return (words) => { output.textContent = words; };
  }

  /** A Play button: `key` of the state grows from 0 to its last value. With motion reduced, it jumps. */
  play(key, last, milliseconds, share = (part) => part) {
    const button = html("button", { type: "button", textContent: "Play" });
    this.buttons.unshift(button);
    button.addEventListener("click", () => {
      if (this.ended) return this.end();
      if (matchMedia("(prefers-reduced-motion: reduce)").matches) return this.change({ [key]: last });
      const began = performance.now();
      let frame;
      this.ended = () => {
        cancelAnimationFrame(frame);
        button.textContent = "Play";
      };
      button.textContent = "Stop";
      const next = () => {
        const part = Math.min(1, Math.max(0, (performance.now() - began) / milliseconds));
        this.change({ [key]: Math.round(last * share(part)) });
        if (part < 1) frame = requestAnimationFrame(next);
        else this.end();
      };
      return next();
    });
  }

  /** Ends what plays. */
  end() {
    if (!this.ended) return;
    this.ended();
    this.ended = undefined;
    this.update();
  }
}

/** Opens and closes figures, as book.js asks: it fetches this script at the first press. */
export function start(name, figure) {
  const sheet = new CSSStyleSheet(); // a <style> would offend the page's policy
  sheet.replaceSync(look);
  document.adoptedStyleSheets.push(sheet);
  document.addEventListener("book:move", ({ target: place }) => {
    if (place.dataset.moving !== name) return;
    const picture = place.previousElementSibling;
    const bar = place.querySelector(".live-bar");
    const [button] = bar.children;
    const close = () => {
      place.stage.end();
      place.stage.watch.disconnect();
      place.stage.buttons.forEach((own) => own.remove());
      place.stage.box.remove();
      delete place.stage;
      delete place.numbers;
      place.classList.remove("open");
      picture.hidden = false;
      button.textContent = "Move it";
    };
    if (place.stage) return close();
    place.stage = new Stage(place, figure, name);
    place.prepend(place.stage.box);
    button.after(...place.stage.buttons);
    place.classList.add("open");
    picture.hidden = true;
    button.textContent = "Picture";
    place.stage.box.focus({ preventScroll: true });
    // The reader's own run drew the picture anew: then it is what is wanted.
    const image = picture.querySelector("img");
    place.stage.watch = new MutationObserver(close);
    place.stage.watch.observe(image, { attributeFilter: ["src"] });
  });
}
