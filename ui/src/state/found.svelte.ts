// What lies around on this computer: backups and exports in the usual folders. Nobody waits for it.
import type { FoundBackup, FoundSource, Host } from "../host/host";

export class FoundState {
  readonly #host: Host;
  backups: readonly FoundBackup[] = $state.raw([]);
  sources: readonly FoundSource[] = $state.raw([]);

  constructor(host: Host) {
    this.#host = host;
  }

  /** The backup that was written last. */
  get newestBackup(): FoundBackup | null {
    return this.backups.toSorted((a, b) => (b.changed ?? 0) - (a.changed ?? 0))[0] ?? null;
  }

  /** A look that fails has found nothing: the pickers are there all the same. */
  async lookForBackups(): Promise<void> {
    this.backups = await this.#host.findBackups().catch(() => []);
  }

  async lookForSources(): Promise<void> {
    this.sources = await this.#host.findSources().catch(() => []);
  }
}
