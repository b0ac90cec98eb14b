// What a person runs outside of Coffer so that a security key can be used: commands, the same in every language.

export const FIXES = {
  // Between 60-fido-id.rules, which tells what is a security key, and 73-seat-late.rules, which lets the person at the seat use it.
  how_udev: [
    `echo 'SUBSYSTEM=="hidraw", ENV{ID_FIDO_TOKEN}=="1", TAG+="uaccess"' | sudo tee /etc/udev/rules.d/70-coffer.rules`,
    "sudo udevadm control --reload",
  ].join("\n"),
  how_cards: ["sudo apt install pcscd", "sudo systemctl enable --now pcscd.socket"].join("\n"),
} as const;

export type Fix = keyof typeof FIXES;
