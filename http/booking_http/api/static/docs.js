// Finds operations, problems and schemas by what is typed, and opens the schema a link leads to.
const filter = document.getElementById("filter");
const entries = [...document.querySelectorAll("[data-entry]")];
const groups = [...document.querySelectorAll("[data-group]")];
const nothing = document.getElementById("nothing");

filter.addEventListener("input", () => {
  const wanted = filter.value.trim().toLowerCase();
  for (const entry of entries) entry.hidden = !entry.textContent.toLowerCase().includes(wanted);
  for (const group of groups) group.hidden = !group.querySelector("[data-entry]:not([hidden])");
  nothing.hidden = entries.some((entry) => !entry.hidden);
});

const open = () => {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (target instanceof HTMLDetailsElement) target.open = true;
};
addEventListener("hashchange", open);
open();
