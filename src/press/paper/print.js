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
  // Only what is taller than a page may be cut.
  for (const box of document.querySelectorAll(".highlight, table"))
    if (box.offsetHeight > pageHeight) box.classList.add("tall");
}
