// Where `npm run dev` begins: /?scene=fresh, /?scene=at_risk&place=missing, /?scene=protected&latency=300 ...
import { HostError } from "../host";
import type { FakeHost, FakeOptions, Scene } from "../fake";

const SCENES: readonly Scene[] = ["fresh", "chats", "at_risk", "protected", "locked"];

export function scenes(query: URLSearchParams, Fake: new (options: FakeOptions) => FakeHost): FakeHost {
  const scene = SCENES.find((one) => one === query.get("scene")) ?? "protected";
  const host = new Fake({
    scene,
    latency: Number(query.get("latency") ?? 40),
    step: Number(query.get("step") ?? 500),
    steps: 14,
    platform: query.get("platform") ?? "linux",
  });
  if (query.get("place") === "missing") host.removePlace();
  if (query.get("rolled_back") !== null) host.rollBack(query.get("rolled_back") === "ways");
  if (query.get("failed") !== null) host.failLastBackup(new HostError("place_full"));
  if (query.get("keychain") === "no") host.keychain = false;
  if (query.get("run") !== null) host.holdJob(query.get("run") ?? "backup", "encrypting", 1.9e9, 3.1e9, 290_000);
  if (query.get("damage") !== null) {
    host.checkReport = {
      isOk: false,
      damaged: [{ file: "packs/3f/3f9a77c1.pack", what: "damaged", affects: [
        { what: "message", count: 214, chat: "Anna Reyes", name: null },
        { what: "photo", count: 12, chat: "Family", name: null },
      ] }],
    };
  }
  return host;
}
