// Follows a session: leads on when it is elsewhere, and says when it was looked at last.

const part = document.querySelector("[data-follow]");
const words = document.querySelector("#words").dataset;
const checked = document.querySelector("[data-checked]");
const clock = new Intl.DateTimeFormat(document.documentElement.lang, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
let version = null;

const look = ({ place, version: now }) => {
  if (checked) checked.textContent = words.checked.replace("{time}", clock.format(new Date()));
  // Who waits is told how it ended, at the page where they wait, before anything else.
  if (place !== location.pathname) return "here" in part.dataset ? location.reload() : location.replace(place);
  if (version !== null && version !== now) location.reload();
  version = now;
};
const poll = async () => {
  try {
    const answer = await fetch(location.pathname, { credentials: "same-origin" });
    if (answer.redirected) location.replace(answer.url);
    else if (!(await answer.text()).includes("data-follow")) location.reload();
    else if (checked) checked.textContent = words.checked.replace("{time}", clock.format(new Date()));
  } catch {
    // Offline: the next look may find the way.
  }
};

let stream = null;
const follow = () => {
  stream = new EventSource(part.dataset.follow);
  stream.addEventListener("place", (event) => look(JSON.parse(event.data)));
};
document.addEventListener("visibilitychange", () => {
  if (document.hidden) {
    stream?.close();
    stream = null;
  } else if (!stream) follow();
});
if (part) {
  follow();
  if (part.dataset.poll) setInterval(poll, Number(part.dataset.poll) * 1000);
}
