// Finds what a person would use, by the name a screen reader says. Prepended to scripts of window.rs.
const usable = "button, a[href], summary, [role=button], [role=tab], [role=option], [role=row], [role=menuitem], input[type=checkbox], input[type=radio]";
const fields = "input:not([type=checkbox]):not([type=radio]), textarea, select";
const shown = (e) => e.checkVisibility({ opacityProperty: false, visibilityProperty: true }) && !e.closest("[inert]");
const flat = (text) => (text ?? "").replace(/\s+/g, " ").trim();
const spoken = (e) => {
  const copy = e.cloneNode(true);
  copy.querySelectorAll("[aria-hidden=true]").forEach((hidden) => hidden.remove());
  return flat(copy.textContent);
};
const named = (e) => {
  const by = (e.getAttribute("aria-labelledby") ?? "").split(/\s+/).filter(Boolean);
  const labels = [...(e.labels ?? [])].flatMap((label) => [flat(label.textContent), ...[...label.children].map((c) => flat(c.textContent))]);
  return [
    flat(e.getAttribute("aria-label")),
    flat(by.map((id) => document.getElementById(id)?.textContent).join(" ")),
    ...labels,
    spoken(e),
    flat(e.title),
  ].filter(Boolean);
};
// A modal dialog hides the rest.
const scope = () => [...document.querySelectorAll("dialog[open]")].pop() ?? document;
const find = (kind, name) => {
  const all = [...scope().querySelectorAll(kind === "field" ? fields : usable)].filter((e) => shown(e) || [...(e.labels ?? [])].some(shown));
  const found = all.find((e) => named(e).includes(name)) ?? all.find((e) => named(e).some((n) => n.startsWith(name)));
  return seen(found);
};
// Radio buttons and boxes are pressed on their words, as people do; the drawn control may be without size.
const seen = (e) => {
  const target = e?.matches("input[type=checkbox], input[type=radio]") ? (e.labels[0] ?? e) : e;
  target?.scrollIntoView({ block: "center", behavior: "instant" });
  return target ?? null;
};
const tested = (id) => seen([...scope().querySelectorAll(`[data-testid="${id}"]`)].find(shown));
