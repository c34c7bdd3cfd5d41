// What CSS cannot say, at the width of the printed page: run before printing, in print media.
() => {
  const pageHeight = Number(document.documentElement.dataset.pageHeight);
  // A long line of code goes on below; an arrow in its margin says so.
  for (const line of document.querySelectorAll(".line")) {
    const one = parseFloat(getComputedStyle(line).lineHeight);
    if (line.offsetHeight < 1.5 * one) continue;
    line.classList.add("wrapped");
    line.dataset.marks = "\n↪".repeat(Math.round(line.offsetHeight / one) - 1);
  }
  // What is too wide for the page gets smaller letters.
  const fit = (box, room) => {
    const needed = box.scrollWidth;
    if (needed > room + 1)
      box.style.fontSize = `${parseFloat(getComputedStyle(box).fontSize) * room / needed * .985}px`;
  };
  for (const box of document.querySelectorAll(".equation .katex-display")) fit(box, box.clientWidth);
  for (const table of document.querySelectorAll("table")) {
    for (let i = 0; i < 4 && table.offsetWidth > table.parentElement.clientWidth + 1; i++)
      table.style.fontSize = `${parseFloat(getComputedStyle(table).fontSize) * .93}px`;
  }
  // Chromium keeps what belongs together only if all of it, with its heading, fits on a page. So what
  // takes most of a page may be cut, and a figure may part from long code.
  const most = 0.72 * pageHeight;
  for (const box of document.querySelectorAll(".highlight, table"))
    if (box.offsetHeight > most) box.classList.add("tall");
  for (const code of document.querySelectorAll(".highlight:not(.language-output)")) {
    const group = [code];
    while (group.at(-1).nextElementSibling?.matches(".language-output, p:has(> img:only-child)"))
      group.push(group.at(-1).nextElementSibling);
    const height = group.reduce((sum, box) => sum + box.offsetHeight, 0);
    if (height > most) group.forEach((box) => box.classList.add("loose"));
  }
}
