// A cross hair that tells the values under the pointer. Without it the page lacks nothing but this.
for (const figure of document.querySelectorAll("figure")) {
  const lines = JSON.parse(figure.dataset.lines);
  const svg = figure.querySelector("svg");
  const make = (name, attributes) => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    return element;
  };
  const cross = make("g", {});
  svg.append(cross);
  const tip = Object.assign(document.createElement("div"), { className: "tip", hidden: true });
  figure.append(tip);
  svg.addEventListener("pointerleave", () => { cross.replaceChildren(); tip.hidden = true; });
  svg.addEventListener("pointermove", (event) => {
    const box = svg.getBoundingClientRect();
    const x = (event.clientX - box.left) * 640 / box.width;
    const nearest = (points) => points.reduce((best, point) => Math.abs(point[0] - x) < Math.abs(best[0] - x) ? point : best);
    const found = lines.map((line, nth) => ({ nth, name: line.name, point: line.points.length ? nearest(line.points) : null }));
    const hits = found.filter((line) => line.point && Math.abs(line.point[0] - x) < 40);
    cross.replaceChildren();
    tip.hidden = hits.length === 0;
    if (tip.hidden) return;
    const [at] = hits[0].point;
    cross.append(make("line", { class: "cross", x1: at, x2: at, y1: 26, y2: 256 }));
    for (const { nth, point } of hits) cross.append(make("circle", { class: `dot c${nth}`, cx: point[0], cy: point[1], r: 4.5 }));
    tip.replaceChildren(hits[0].point[2], ...hits.flatMap(({ name, point }) => [document.createElement("br"), `${name}: ${point[3]}`]));
    const left = box.left - figure.getBoundingClientRect().left + at * box.width / 640;
    tip.style.top = `${svg.offsetTop + 30}px`;
    tip.style.left = at > 420 ? "" : `${left + 12}px`;
    tip.style.right = at > 420 ? `${figure.clientWidth - left + 12}px` : "";
  });
}
