// Sample chats of the fake host: any message can be made from its position alone, so a million cost nothing.
import type { AttachmentView, ChatRow, DayCount, MessageView } from "../host";

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

export type SampleChat = {
  row: ChatRow;
  seed: number;
  me: string;
  /** Written by hand, for the end of the chat: what a person sees first. */
  tail: (position: number) => MessageView[];
};

const LINES = [
  "Did you get home all right?",
  "Yes, the train was on time for once.",
  "I found the recipe, it was in the blue book after all.",
  "Send it when you can, no hurry.",
  "Have you seen the weather for Saturday?",
  "Rain in the morning, then sun. We could still walk to the mill.",
  "Let's leave at nine then.",
  "Can you bring the big thermos?",
  "Of course. And the cards.",
  "Grandma asked whether you still have the letters from Uncle Jon. She would love to read them again before the birthday, and she says there should be a photo of the old boat between them, the one with the red sail.",
  "I do! In the box under the stairs.",
  "You are a treasure.",
  "Meeting moved to four.",
  "Fine with me.",
  "The key is with the neighbours.",
  "Thank you for yesterday, it was just what I needed.",
  "Same here. Let's not wait another year.",
  "Look at this sunset",
  "Wow.",
  "I'll call you after dinner.",
  "👍",
  "Happy birthday!! 🎉",
  "See https://example.org/timetable for the bus.",
  "Ha!",
  "Could you check whether the ferry runs on the 3rd?",
  "It does, at 10:40 and 16:15.",
];

function mix(seed: number, position: number): number {
  let value = Math.imul(seed ^ position, 0x9e3779b1) >>> 0;
  value = Math.imul(value ^ (value >>> 15), 0x85ebca6b) >>> 0;
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35) >>> 0;
  return (value ^ (value >>> 16)) >>> 0;
}

function hex(seed: number, position: number): string {
  return mix(seed, position).toString(16).padStart(8, "0").repeat(4);
}

function blank(id: string, position: number, time: number, sender: string | null, isMe: boolean): MessageView {
  return {
    id,
    position,
    time,
    precision: "min",
    zoneKnown: true,
    localTime: new Date(time).toISOString().slice(0, 19),
    sender,
    isMe,
    kind: "text",
    text: "",
    entities: [],
    attachments: [],
    replyTo: null,
    forwardedFrom: null,
    reactions: [],
    isEdited: false,
    revisions: [],
    isDeleted: false,
    poll: null,
    location: null,
    call: null,
    contact: null,
  };
}

export function attachment(part: Partial<AttachmentView>): AttachmentView {
  return { hash: null, kind: "photo", name: null, mime: "image/bmp", size: 0, state: "present", duration: null, ...part };
}

const photo = (n: number): AttachmentView =>
  attachment({ hash: `photo${String(n)}`, name: `IMG-${String(1200 + n)}.jpg`, size: 58_000, mime: "image/bmp" });

/** Makes the message at a position, from the chat's seed only. */
function filler(chat: SampleChat, position: number): MessageView {
  const { row, seed, me } = chat;
  const first = row.first ?? 0;
  const last = (row.last ?? 0) - 2 * DAY;
  const time = Math.floor(first + ((last - first) * position) / Math.max(1, row.messages - 1));
  const roll = mix(seed, position);
  const sender = row.people[(mix(seed, position >> 1) >>> 3) % row.people.length] ?? me;
  const message = blank(hex(seed, position), position, time, sender, sender === me);
  message.text = LINES[roll % LINES.length] ?? "";
  const link = message.text.indexOf("https://");
  if (link >= 0) message.entities.push({ start: link, length: 29, kind: "link", value: "https://example.org/timetable" });
  if (roll % 61 === 0) {
    message.kind = "media";
    message.attachments.push(photo(roll % 9));
  } else if (roll % 151 === 0) {
    message.kind = "media";
    message.text = "";
    message.attachments.push(attachment({ state: "missing", name: "IMG-0042.jpg", mime: "image/jpeg" }));
  } else if (roll % 97 === 0 && position > 12) {
    message.replyTo = { position: position - 9, sender: row.people[0] ?? null, text: LINES[mix(seed, position - 9) % LINES.length] ?? "" };
  }
  if (roll % 43 === 0) message.reactions.push({ emoji: "❤️", count: 1, people: [me] });
  return message;
}

function annaTail(position: number): MessageView[] {
  const at = (day: number, hour: number, minute: number): number => Date.UTC(2026, 10, day, hour, minute);
  const anna = "Anna Reyes";
  const me = "Sam Okafor";
  const made: MessageView[] = [];
  const say = (time: number, sender: string | null, text: string, change: Partial<MessageView> = {}): void => {
    const place = position + made.length;
    const message = blank(`anna${String(made.length).padStart(4, "0")}`, place, time, sender, sender === me);
    made.push({ ...message, text, ...change });
  };
  say(at(18, 19, 2), anna, "I made a list for the lake house. Anything missing?", {});
  say(at(18, 19, 5), me, "Candles! The power went out twice last time.");
  say(at(18, 19, 6), anna, "Right. And matches, which you forgot.", { reactions: [{ emoji: "😂", count: 2, people: [anna, me] }] });
  say(at(18, 19, 11), anna, "Which day suits everyone?", {
    kind: "poll",
    poll: { question: "Which day suits everyone?", options: [["Friday evening", 2], ["Saturday morning", 5], ["Sunday", null]] },
  });
  say(at(18, 21, 40), null, "Missed voice call", { kind: "call", call: { isVideo: false, isMissed: true, duration: null } });
  say(at(19, 8, 15), anna, "Sorry, I was on the bike. Here is the house:", {
    kind: "location",
    location: { latitude: 46.3591, longitude: 14.0938, name: "Lake house, north shore", url: null },
  });
  say(at(19, 8, 16), anna, "", {
    kind: "voice",
    attachments: [attachment({ hash: "voice1", kind: "voice", mime: "audio/wav", size: 24_044, duration: 3000, name: "PTT-0007.opus" })],
  });
  say(at(19, 12, 30), me, "I will bring the big tent, in case the cousins come too.", {
    isEdited: true,
    revisions: [{ time: at(19, 12, 31), text: "I will bring the tent." }],
  });
  say(at(19, 12, 44), anna, "", { isDeleted: true });
  say(at(19, 17, 3), me, "Train times for Saturday", {
    kind: "media",
    attachments: [attachment({ hash: "file1", kind: "file", mime: "application/pdf", size: 182_400, name: "timetable-winter.pdf" })],
  });
  say(at(19, 22, 10), null, "Sam changed the chat's picture", { kind: "system" });
  say(at(20, 13, 41), anna, "Look what I found on the old camera", {
    kind: "media",
    attachments: [photo(3)],
    reactions: [{ emoji: "❤️", count: 1, people: [me] }],
  });
  say(at(20, 13, 43), anna, "", { kind: "media", attachments: [attachment({ state: "missing", kind: "photo", name: "IMG-2231.jpg", mime: "image/jpeg" })] });
  say(at(20, 13, 58), anna, "Did you keep the photos from the lake?");
  say(at(20, 14, 0), me, "All of them. Backed up last night.", { replyTo: { position: position + 13, sender: anna, text: "Did you keep the photos from the lake?" } });
  say(at(20, 14, 2), anna, "See you at six?");
  return made;
}

function plain(id: string, lines: [sender: string | null, text: string, at: number][], me: string): (position: number) => MessageView[] {
  return (position) =>
    lines.map(([sender, text, time], index) => ({
      ...blank(`${id}${String(index).padStart(4, "0")}`, position + index, time, sender, sender === me),
      text,
      kind: sender === null ? "system" : "text",
    }));
}

function row(part: Partial<ChatRow> & { id: string; title: string; people: string[]; messages: number; last: number; first: number }): ChatRow {
  return { app: "WhatsApp", kind: "direct", lastLine: "", media: 0, mediaMissing: 0, ...part };
}

/** The chats a person would have after a few imports. */
export function sampleChats(): SampleChat[] {
  const sam = "Sam Okafor";
  return [
    {
      seed: 11,
      me: sam,
      tail: annaTail,
      row: row({
        id: "a1".repeat(16), title: "Anna Reyes", messages: 12_480, people: ["Anna Reyes", sam],
        first: Date.UTC(2019, 2, 14, 8, 1), last: Date.UTC(2026, 10, 20, 14, 2), lastLine: "See you at six?", media: 214, mediaMissing: 31,
      }),
    },
    {
      seed: 23,
      me: sam,
      tail: plain("fam", [
        [null, "Dad added Milo", Date.UTC(2026, 10, 17, 17, 0)],
        ["Dad", "Sunday lunch at ours, one o'clock. Bring an umbrella.", Date.UTC(2026, 10, 17, 17, 20)],
        ["Zoë", "We'll be there, all four of us 🌧️", Date.UTC(2026, 10, 17, 17, 24)],
      ], sam),
      row: row({
        id: "b2".repeat(16), title: "Family", kind: "group", messages: 48_211, people: ["Dad", "Mum", "Zoë", "Milo", sam],
        first: Date.UTC(2015, 5, 2, 18, 0), last: Date.UTC(2026, 10, 17, 17, 24), lastLine: "We'll be there, all four of us 🌧️", media: 3102,
      }),
    },
    {
      seed: 37,
      me: sam,
      tail: plain("book", [["Kavita B.", "Next one is The Summer Book, chapters 1 to 6.", Date.UTC(2026, 9, 12, 20, 3)]], sam),
      row: row({
        id: "c3".repeat(16), title: "Book club", app: "Telegram", kind: "group", messages: 214, people: ["Kavita B.", "Jonas", "Ines", sam],
        first: Date.UTC(2024, 0, 9, 19, 0), last: Date.UTC(2026, 9, 12, 20, 3), lastLine: "Next one is The Summer Book, chapters 1 to 6.", media: 12,
      }),
    },
    {
      seed: 41,
      me: sam,
      tail: plain("milo", [["Milo", "שלום! נתראה בתחנה בשעה שמונה", Date.UTC(2026, 8, 3, 7, 30)]], sam),
      row: row({
        id: "d4".repeat(16), title: "Milo", app: "Telegram", messages: 903, people: ["Milo", sam],
        first: Date.UTC(2022, 3, 1, 9, 0), last: Date.UTC(2026, 8, 3, 7, 30), lastLine: "שלום! נתראה בתחנה בשעה שמונה", media: 8,
      }),
    },
    {
      seed: 53,
      me: sam,
      tail: () => [],
      row: row({
        id: "e5".repeat(16), title: "Lake house crew", kind: "group", messages: 1_000_000, people: ["Anna Reyes", "Jonas", "Priya", "Theo", sam],
        first: Date.UTC(2012, 4, 1, 9, 0), last: Date.UTC(2025, 11, 30, 21, 15), lastLine: "The key is with the neighbours.", media: 20_411, mediaMissing: 9,
      }),
    },
  ];
}

const tails = new Map<string, MessageView[]>();

function tailOf(chat: SampleChat): MessageView[] {
  let tail = tails.get(chat.row.id);
  if (tail === undefined) {
    const length = chat.tail(0).length;
    tail = chat.tail(chat.row.messages - length);
    tails.set(chat.row.id, tail);
  }
  return tail;
}

export function messageAt(chat: SampleChat, position: number): MessageView {
  const tail = tailOf(chat);
  return tail[position - (chat.row.messages - tail.length)] ?? filler(chat, position);
}

/** The days of a chat; a search by halves finds where each begins. */
export function daysOf(chat: SampleChat): DayCount[] {
  const days: DayCount[] = [];
  const dayAt = (position: number): string => (messageAt(chat, position).localTime ?? "").slice(0, 10);
  let position = 0;
  while (position < chat.row.messages) {
    const day = dayAt(position);
    let low = position;
    let high = chat.row.messages;
    while (low + 1 < high) {
      const middle = (low + high) >> 1;
      if (dayAt(middle) > day) high = middle;
      else low = middle;
    }
    days.push({ day, position, count: low + 1 - position });
    position = low + 1;
  }
  return days;
}

/** A small picture: hills under a sky, different for each number. */
export function picture(number: number): Uint8Array<ArrayBuffer> {
  const width = 160;
  const height = 120;
  const bytes = new Uint8Array(54 + width * height * 3);
  const view = new DataView(bytes.buffer);
  bytes.set([0x42, 0x4d]);
  view.setUint32(2, bytes.length, true);
  view.setUint32(10, 54, true);
  view.setUint32(14, 40, true);
  view.setInt32(18, width, true);
  view.setInt32(22, height, true);
  view.setUint16(26, 1, true);
  view.setUint16(28, 24, true);
  const warm = (number * 37) % 90;
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const hill = 34 + 16 * Math.sin((x + number * 31) / 23) + 7 * Math.sin((x + number * 13) / 7);
      const near = 18 + 10 * Math.sin((x + number * 57) / 31);
      const sky = y / height;
      const colour = y < near ? [52, 70 + warm / 3, 46] : y < hill ? [96, 104, 74 + warm / 2] : [235 - 90 * sky, 190 - 30 * sky + warm / 4, 170 + warm * (1 - sky)];
      bytes.set(colour, 54 + (y * width + x) * 3);
    }
  }
  return bytes;
}

/** Three seconds of a soft tone. */
export function tone(): Uint8Array<ArrayBuffer> {
  const rate = 8000;
  const bytes = new Uint8Array(44 + rate * 3);
  const view = new DataView(bytes.buffer);
  const text = (at: number, word: string): void => bytes.set([...word].map((letter) => letter.charCodeAt(0)), at);
  text(0, "RIFF");
  view.setUint32(4, bytes.length - 8, true);
  text(8, "WAVEfmt ");
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true);
  view.setUint16(22, 1, true);
  view.setUint32(24, rate, true);
  view.setUint32(28, rate, true);
  view.setUint16(32, 1, true);
  view.setUint16(34, 8, true);
  text(36, "data");
  view.setUint32(40, rate * 3, true);
  for (let i = 0; i < rate * 3; i += 1) bytes[44 + i] = 128 + 40 * Math.sin((i / rate) * 2 * Math.PI * 220) * Math.exp(-i / rate);
  return bytes;
}
