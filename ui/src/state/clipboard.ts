// Copying a secret: the clipboard is emptied after 45 seconds when it still holds it.

const KEEP = 45_000;

async function write(text: string): Promise<void> {
  if (typeof navigator.clipboard?.writeText === "function") {
    await navigator.clipboard.writeText(text);
    return;
  }
  throw new Error("no clipboard");
}

/** Says whether the clipboard still holds the text; true when nobody may look. */
async function stillHolds(text: string): Promise<boolean> {
  try {
    return (await navigator.clipboard.readText()) === text;
  } catch {
    return true;
  }
}

export async function copyText(text: string): Promise<void> {
  await write(text);
}

/** Copies a secret and empties the clipboard later; a webview that wants a press for it gets it with the next one. */
export async function copySecret(text: string, oncleared: () => void, keep = KEEP): Promise<void> {
  await write(text);
  const clear = async (): Promise<void> => {
    if (!(await stillHolds(text))) return;
    await write("");
    oncleared();
  };
  setTimeout(() => {
    clear().catch(() => {
      const later = (): void => {
        window.removeEventListener("pointerdown", later);
        window.removeEventListener("keydown", later);
        clear().catch(() => undefined);
      };
      window.addEventListener("pointerdown", later);
      window.addEventListener("keydown", later);
    });
  }, keep);
}
