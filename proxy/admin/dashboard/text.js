// Numbers, durations, times and foreign text as people read them. A value that is not there is a dash.

export const NONE = "–";

// What changes how text is shown instead of being text: controls, and marks of direction and of joining that nobody sees.
const UNSEEN = /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]|\p{Cs}/gu;
const escaped = (character) => `\\u{${character.codePointAt(0).toString(16)}}`;

// Foreign text, safe to look at, of bounded length.
export function visible(text, most = 300) {
  const cut = text.length > most;
  const shown = text.slice(0, most).replace(UNSEEN, escaped);
  return cut ? `${shown}…` : shown;
}

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const short = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 2 });

export function count(value) {
  if (value === null) return NONE;
  return Math.abs(value) < 10_000_000 ? whole.format(value) : value >= 1e15 ? "over 999T" : short.format(value);
}

export function percent(share) {
  if (share === null) return NONE;
  const value = share * 100;
  if (value > 999) return "over 999 %";
  return value > 0 && value < 1 ? "<1 %" : `${Math.round(value)} %`;
}

// With one decimal while it is small: 0.4, 12.5, 140.
export function decimal(value) {
  if (value === null) return NONE;
  if (value > 0 && value < 0.05) return "<0.1";
  return value < 100 ? String(Number(value.toFixed(1))) : count(value);
}

export const perSecond = (value) => (value === null ? NONE : `${decimal(value)}/s`);

export function seconds(value) {
  if (value === null) return NONE;
  if (value < 0.05) return "0 s";
  if (value < 10) return `${value.toFixed(1)} s`;
  if (value < 90) return `${Math.round(value)} s`;
  const minutes = Math.round(value / 60);
  if (minutes < 90) return `${minutes} min`;
  const hours = Math.round(value / 3600);
  return hours < 48 ? `${hours} h` : value < 1e11 ? `${whole.format(Math.round(value / 86_400))} d` : "over 1000 years";
}

const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const minute = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const day = new Intl.DateTimeFormat("en-GB", { weekday: "short", day: "numeric", month: "short" });
const zone = new Intl.DateTimeFormat("en-GB", { timeZoneName: "short" });

export const clockTime = (time) => (time === null ? NONE : clock.format(time));
export const hourMinute = (time) => minute.format(time);
// In the viewer's zone, with the day when it is another than `now`'s.
export function moment(time, now) {
  if (time === null) return NONE;
  const today = now !== null && day.format(time) === day.format(now);
  return today ? clock.format(time) : `${day.format(time)}, ${clock.format(time)}`;
}
export const utc = (time) => (time === null ? "" : `${new Date(time).toISOString()} (UTC)`);
export const zoneName = (time) => zone.formatToParts(time).find((part) => part.type === "timeZoneName")?.value ?? "";

export const plural = (number, one, many = `${one}s`) => `${count(number)} ${number === 1 ? one : many}`;
