// Where chats are read from: the library of this computer, or a backup that is only looked into.
import type { ChatRow, DayCount, Host, MediaItem, MediaTab, MessageRange, SearchPage, SearchQuery } from "../host/host";

export interface ChatSource {
  chats(): Promise<ChatRow[]>;
  messages(chat: string, offset: number, limit: number): Promise<MessageRange>;
  search(query: SearchQuery): Promise<SearchPage>;
  bytes(hash: string, offset: number, len: number): Promise<ArrayBuffer>;
  /** What only the library knows. */
  readonly more: {
    days(chat: string): Promise<DayCount[]>;
    media(chat: string, tab: MediaTab, offset: number, limit: number): Promise<MediaItem[]>;
  } | null;
}

export function librarySource(host: Host): ChatSource {
  return {
    chats: () => host.listChats(),
    messages: (chat, offset, limit) => host.readMessages(chat, offset, limit),
    search: (query) => host.searchChats(query),
    bytes: (hash, offset, len) => host.readMedia(hash, offset, len),
    more: {
      days: (chat) => host.listDays(chat),
      media: (chat, tab, offset, limit) => host.listMedia(chat, tab, offset, limit),
    },
  };
}

export function backupSource(host: Host, session: string, backup: string): ChatSource {
  return {
    chats: () => host.lookChats(session, backup),
    messages: (chat, offset, limit) => host.lookMessages(session, backup, chat, offset, limit),
    search: (query) => host.lookSearch(session, backup, query),
    bytes: (hash, offset, len) => host.lookMedia(session, backup, hash, offset, len),
    more: null,
  };
}
