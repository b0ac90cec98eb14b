// Pictures, sound and film as blob: addresses, made from bytes and taken back when nobody shows them any more.
import type { AttachmentView } from "../host/host";

const PIECE = 1 << 20;
const KEEP_IDLE = 40;
const PICTURES: readonly string[] = ["image/jpeg", "image/png", "image/gif", "image/webp", "image/avif", "image/bmp"];

type Held = { address: Promise<string>; made: string | null; users: number };

/** True for kinds of picture every webview draws. */
export function isPicture(mime: string): boolean {
  return PICTURES.includes(mime);
}

export class MediaShelf {
  readonly #read: (hash: string, offset: number, len: number) => Promise<ArrayBuffer>;
  readonly #held = new Map<string, Held>();

  constructor(read: (hash: string, offset: number, len: number) => Promise<ArrayBuffer>) {
    this.#read = read;
  }

  /** The address of a file's content; give it back with `release`. */
  take(file: AttachmentView): Promise<string> {
    const hash = file.hash ?? "";
    let held = this.#held.get(hash);
    if (held === undefined) {
      const made: Held = { address: this.#make(file), made: null, users: 0 };
      held = made;
      made.address.then(
        (address) => (made.made = address),
        () => this.#held.delete(hash),
      );
    }
    held.users += 1;
    this.#held.delete(hash);
    this.#held.set(hash, held);
    return held.address;
  }

  release(file: AttachmentView): void {
    const held = this.#held.get(file.hash ?? "");
    if (held === undefined) return;
    held.users -= 1;
    let idle = [...this.#held.values()].filter((one) => one.users <= 0).length;
    for (const [hash, one] of this.#held) {
      if (idle <= KEEP_IDLE) break;
      if (one.users > 0) continue;
      this.#drop(hash, one);
      idle -= 1;
    }
  }

  dispose(): void {
    for (const [hash, held] of this.#held) this.#drop(hash, held);
  }

  get count(): number {
    return this.#held.size;
  }

  #drop(hash: string, held: Held): void {
    this.#held.delete(hash);
    if (held.made !== null) URL.revokeObjectURL(held.made);
    else void held.address.then((address) => URL.revokeObjectURL(address), () => undefined);
  }

  async #make(file: AttachmentView): Promise<string> {
    const pieces: ArrayBuffer[] = [];
    let offset = 0;
    do {
      const piece = await this.#read(file.hash ?? "", offset, Math.min(PIECE, Math.max(1, file.size - offset)));
      if (piece.byteLength === 0) break;
      pieces.push(piece);
      offset += piece.byteLength;
    } while (offset < file.size);
    return URL.createObjectURL(new Blob(pieces, { type: file.mime }));
  }
}
