// Removing a way to unlock: what is asked, what is drawn, and what the press does. The table stands in docs/0024.
import type { RemovalReason, WayView } from "../host/host";
import { worksElsewhere } from "./ways";

/** The ways that would be left: none that works elsewhere, one that was proved, or enough. */
export type Others = "none" | "one" | "two";
export type Part = "refusal" | "question" | "risk" | "new_key";
export type Press = { kind: "remove"; reason: RemovalReason } | { kind: "say"; needed: readonly ("answer" | "box")[] };

export function othersOf(left: readonly WayView[]): Others {
  if (!left.some((one) => one.isProved && worksElsewhere(one))) return "none";
  return left.filter((one) => one.isProved).length < 2 ? "one" : "two";
}

export function drawn(others: Others, answer: RemovalReason | null): Part[] {
  if (others === "none") return ["refusal"];
  const risk: Part[] = others === "one" ? ["risk"] : [];
  return ["question", ...risk, ...(answer === "lost_or_known" ? (["new_key"] as const) : [])];
}

/** What the press on "Remove" does; null where there is no such button. */
export function press(others: Others, answer: RemovalReason | null, isUnderstood: boolean): Press | null {
  if (others === "none") return null;
  const isBoxOpen = others === "one" && !isUnderstood;
  if (answer !== null && !isBoxOpen) return { kind: "remove", reason: answer };
  return { kind: "say", needed: [...(answer === null ? (["answer"] as const) : []), ...(isBoxOpen ? (["box"] as const) : [])] };
}
