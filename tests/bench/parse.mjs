// The peer of `cargo xtask bench import`: whatsapp-chat-parser reads the same file, as its README shows.
import { readFileSync } from "node:fs";
import { parseString } from "whatsapp-chat-parser";

const messages = parseString(readFileSync(process.argv[2], "utf8"));
console.log(JSON.stringify({ messages: messages.length }));
