"use strict";
const data = JSON.parse(document.getElementById("data").textContent);

function picture(image, at) {
  image.src = data.images[at];
  image.classList.toggle("pixels", image.src.startsWith("data:image/png"));
}
for (const image of document.querySelectorAll("img[data-image]")) picture(image, image.dataset.image);

const panel = document.getElementById("panel");
function show(button) {
  for (const other of document.querySelectorAll("[data-cell][aria-pressed=true]")) other.setAttribute("aria-pressed", "false");
  button.setAttribute("aria-pressed", "true");
  panel.replaceChildren();
  const title = document.createElement("p");
  title.textContent = button.title;
  const grid = document.createElement("div");
  grid.className = "grid";
  for (const [at, name, sure] of data.cells[button.dataset.cell] ?? []) {
    const figure = document.createElement("figure");
    const image = document.createElement("img");
    image.alt = name;
    picture(image, at);
    const caption = document.createElement("figcaption");
    caption.append(sure, document.createElement("br"));
    const small = document.createElement("span");
    small.className = "name";
    small.textContent = name;
    caption.append(small);
    figure.append(image, caption);
    grid.append(figure);
  }
  panel.append(title, grid);
  panel.hidden = false;
}
for (const button of document.querySelectorAll("[data-cell]")) button.addEventListener("click", () => show(button));

for (const head of document.querySelectorAll("th[data-sort]")) {
  head.addEventListener("click", () => {
    const body = head.closest("table").tBodies[0], column = head.cellIndex, down = head.dataset.sort !== "down";
    const rows = [...body.rows], last = rows.pop();
    const value = (row) => row.cells[column].dataset.value;
    rows.sort((a, b) => (column ? value(a) - value(b) : value(a).localeCompare(value(b), undefined, { numeric: true })));
    if (down) rows.reverse();
    head.dataset.sort = down ? "down" : "up";
    body.replaceChildren(...rows, last);
  });
}

document.getElementById("theme").addEventListener("click", () => {
  const root = document.documentElement, dark = matchMedia("(prefers-color-scheme: dark)").matches;
  const now = root.dataset.theme ?? (dark ? "dark" : "light");
  root.dataset.theme = now === "dark" ? "light" : "dark";
});
