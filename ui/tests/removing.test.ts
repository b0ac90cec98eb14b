// Removing a way: every row of the table in docs/0024, and what the list shows when another computer was faster.
import { describe, expect, it } from "vitest";
import { SAMPLE_DIGITS } from "../src/host/fake";
import { HostError, type RemovalReason, type WayView } from "../src/host/host";
import { drawn, othersOf, press, type Others } from "../src/state/removing";
import { table } from "./tables";
import { byId, enter, inside, open, screen } from "./window";

const rows = table("others", "0024-generations");
const answerOf = (row: Record<string, string>): RemovalReason | null =>
  row["answer"] === "still_mine" || row["answer"] === "lost_or_known" ? row["answer"] : null;
const said = (row: Record<string, string>): string => {
  const pressed = press(row["others"] as Others, answerOf(row), row["box"] === "ticked");
  if (pressed === null) return "-";
  if (pressed.kind === "say") return pressed.needed.map((part) => `say ${part}`).join(", ");
  return pressed.reason === answerOf(row) ? "remove" : "another reason";
};
const way = (part: Partial<WayView>): WayView => ({
  id: "1", kind: "password", name: "Password", added: 0, lastUsed: null, lastTested: null, passkeyKind: null, reach: "anywhere", isProved: true, ...part,
});

describe("the table of a removal", () => {
  it("has every state once", () => {
    const one = ["open", "still_mine", "lost_or_known"].flatMap((answer) => [`one ${answer} open`, `one ${answer} ticked`]);
    const two = ["open", "still_mine", "lost_or_known"].map((answer) => `two ${answer} -`);
    const states = rows.map((row) => `${row["others"]} ${row["answer"]} ${row["box"]}`);
    expect(states.toSorted()).toEqual(["none - -", ...one, ...two].toSorted());
  });

  it.each(rows)("others $others, answer $answer, box $box: $drawn; $press", (row) => {
    expect(drawn(row["others"] as Others, answerOf(row)).join(", ")).toBe(row["drawn"]);
    expect(said(row)).toBe(row["press"]);
  });

  it.each([
    ["none", []],
    ["none", [way({ reach: "this_computer" })]],
    ["none", [way({ isProved: false })]],
    ["one", [way({})]],
    ["one", [way({}), way({ id: "2", isProved: false })]],
    ["two", [way({}), way({ id: "2", reach: "this_computer" })]],
  ] as const)("%s for the ways that are left, case %#", (others, left) => {
    expect(othersOf(left)).toBe(others);
  });
});

describe("another computer that changed the ways", () => {
  it("is said above the list as it is now", async () => {
    const { host, user } = await open("#/backup/e2ee");
    await user.click(await screen.findByRole("button", { name: "Remove Password" }));
    await user.click(inside(await byId("remove-still_mine")).getByRole("radio"));
    await user.click(await byId("remove-understood"));
    host.failNext("removeWay", new HostError("ways_changed"));
    const before = host.calls.filter((call) => call === "getProtection").length;

    await user.click(await byId("remove-yes"));
    await user.click(inside(await byId("unlock-with-recovery_key")).getByRole("radio"));
    await enter("unlock-digits", SAMPLE_DIGITS);
    await user.click(await byId("unlock-submit"));

    expect(await byId("e2ee-error")).toHaveTextContent("Look at the list again");
    expect(host.calls.filter((call) => call === "getProtection").length).toBeGreaterThan(before);
    expect(screen.queryByRole("button", { name: "Test Password" })).not.toBeNull();
  });
});
