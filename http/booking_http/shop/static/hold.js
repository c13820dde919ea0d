// Counts a hold down by the service's clock. It says so with five minutes left, with two, when the
// cabin can be held again, and with one.

const words = document.querySelector("#words").dataset;
const spoken = document.querySelector("#spoken");
const again = document.querySelector("[data-again]");
const holds = [...document.querySelectorAll("[data-hold]")];

const left = (hold, started) => {
  const whole = new Date(hold.dataset.hold) - new Date(hold.dataset.now);
  return Math.max(0, Math.round((whole - (performance.now() - started)) / 1000));
};
const written = (seconds) =>
  seconds > 90
    ? words.left.replace("{minutes}", Math.round(seconds / 60))
    : words.seconds.replace("{seconds}", seconds);

if (holds.length) {
  const started = performance.now();
  let before = Infinity;
  const tick = () => {
    const seconds = left(holds[0], started);
    for (const hold of holds) {
      hold.querySelector("[data-left]").textContent = `(${written(seconds)})`;
      hold.classList.toggle("late-hold", seconds <= 120);
    }
    for (const [mark, text] of [[300, words.five], [120, words.two], [60, words.one], [0, words.over]])
      if (before > mark && seconds <= mark && before !== Infinity) spoken.textContent = text;
    if (again && seconds <= 120) again.hidden = false;
    before = seconds;
    if (seconds > 0) setTimeout(tick, 1000);
    else location.reload();
  };
  tick();
}
