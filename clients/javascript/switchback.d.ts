/** Types of the Switchback client. The words are those of docs/GLOSSARY.md and docs/WIRE.md of the project. */

/** What became of an input. `tick` is absent when the ack came while the connection was away. */
export type Outcome =
  | { status: "acked"; tick: number | undefined }
  | { status: "refused"; reason: string }
  /** Perhaps applied, perhaps not: the back that would know is gone, or this client is. */
  | { status: "undecided" };

/** Integers of 64 bits are numbers while that is exact and BigInts beyond; bytes are Uint8Array, nil is null. */
export type Value = boolean | number | bigint | string | Uint8Array | null;
export type Row = Record<string, Value>;
/** Sessions are keys by their numbers in the channel; the own one is `room.me`. */
export type Key = string | number | bigint;
/** The tables of a channel by name, for `hub.read<Tables>`. */
export type Tables = Record<string, { key: Key; row: object }>;
export type AnyTables = Record<string, { key: any; row: any }>;

/** Ends what it was answered for. */
export type Off = () => void;

export interface ConnectOptions {
  /** The constructor of sockets; needed where there is no global WebSocket (Node 20). */
  WebSocket?: new (url: string, protocols: string[]) => unknown;
  /** A token to begin with, hexadecimal digits or bytes; takes the session over from where it lives. A token in the storage goes before it. */
  token?: string | Uint8Array;
  /**
   * Where the token and the attach counter are kept. Left out, in a browser: `sessionStorage`, from when the page goes until the
   * next one comes, so that a reload resumes and a duplicated tab is a session of its own. `null`: nowhere.
   */
  storage?: Pick<Storage, "getItem" | "setItem" | "removeItem"> | null;
  storageKey?: string;
  /** Whether inputs that a lost back left undecided are sent again under its successor's grant. True if left out. */
  resend?: boolean;
  /** Between two measurements of the round trip; 2000 in a visible page, else 20000. */
  pingMilliseconds?: number;
  /** For tests. */
  clock?: { now(): number; date(): number; setTimeout(fire: () => void, milliseconds: number): unknown; clearTimeout(timer: unknown): void };
  /** For tests: 0 up to 1. */
  random?: () => number;
}

export interface ReadOptions {
  /** Takes the write grant, which a session has for one channel at a time. */
  write?: boolean;
  /** For the application: bytes as they are, anything else as JSON. */
  options?: unknown;
  /** As in `ConnectOptions`, for this room. */
  resend?: boolean;
}

/** Connects to a hub's `/connect` and stays connected. Throws a TypeError only if there is no WebSocket constructor. */
export function connect(url: string | URL, options?: ConnectOptions): Hub;

export interface StatusEvent {
  status: "connecting" | "connected" | "waiting" | "superseded" | "refused" | "closed";
  /** Why, unless it is connecting or connected: see `codes`. */
  code?: number;
  reason?: string;
  /** How long it waits until the next try. */
  retryMilliseconds?: number;
}

export interface HubEvents {
  status: (event: StatusEvent) => void;
  welcome: (event: { session: string; resumed: boolean }) => void;
  roundTrip: (milliseconds: number) => void;
  /** A message of a channel that is not read here. */
  message: (message: { channel: string; version: number; data: Data }) => void;
}

/** A session with a hub, over one connection after the other. Made by `connect`. */
export interface Hub {
  readonly status: StatusEvent["status"];
  /** Whether it takes a `reconnect` to go on: superseded, refused or closed. */
  readonly isStopped: boolean;
  /** 32 hexadecimal digits, the same in all channels; null before the first welcome. A room's `me` is its key in tables. */
  readonly session: string | null;
  readonly resumed: boolean;
  /** Whoever has it is this session. */
  readonly token: string;
  readonly roundTripMilliseconds: number | null;
  readonly receivedByteCount: number;
  readonly sentByteCount: number;
  /** How often a state hash told by the hub was not that of what was held; see the room's event `disagreement`. */
  readonly disagreementCount: number;
  readonly rooms: Room[];
  readonly writer: Room | null;
  /** Mirrors a channel; the same room for the same channel until it is closed. */
  read<T extends Tables = AnyTables>(channel: string, options?: ReadOptions): Room<T>;
  on<E extends keyof HubEvents>(event: E, handler: HubEvents[E]): Off;
  /** As `Room.say`, to all channels that are read or to those of these rooms. False also if one of them is not read. */
  say(data: unknown, rooms?: Room[]): boolean;
  /** Tries again at once, while waiting or after the session was superseded or refused. */
  reconnect(): void;
  /** Says goodbye: the session ends. What has no outcome yet is undecided, what was not sent is refused. */
  close(): void;
}

export interface RoomEvents<T extends Tables = AnyTables> {
  attached: (event: { audiences: number[]; data: Data }) => void;
  /** After the handlers of its rows. */
  commit: (event: { version: number; tick: number; changes: Change[] }) => void;
  add: (table: keyof T & string, key: Key, row: any) => void;
  change: (table: keyof T & string, key: Key, row: any, fields: string[], before: any) => void;
  remove: (table: keyof T & string, key: Key, row: any) => void;
  message: (message: { version: number; data: Data }) => void;
  granted: (event: { grant: string; isNew: boolean }) => void;
  /** `isFinal`: it is not asked for again by itself; `hub.read` does. */
  unlinked: (event: { code: number; reason: string; isFinal: boolean }) => void;
  /** What is held did not reach what came; the channel is being read from nothing. */
  gap: (event: { what: string }) => void;
  /** After the commit at which it was found: the rows are not those of the hub. The channel is being read from nothing. */
  disagreement: (event: Disagreement) => void;
}

export interface SendOptions {
  /** It does not wait at the front for other inputs; the order stays. False without it. */
  now?: boolean;
}

/** One channel: its mirror, and inputs if it writes. Made by `hub.read`. */
export interface Room<T extends Tables = AnyTables> {
  readonly channel: string;
  readonly status: "waiting" | "attached" | "unavailable" | "unlinked" | "closed";
  readonly isWriting: boolean;
  /** By name; a table that the channel has not (yet) is empty. */
  readonly tables: { readonly [N in keyof T]: Table<T[N]["key"], T[N]["row"]> };
  table<N extends keyof T & string>(name: N): Table<T[N]["key"], T[N]["row"]>;
  /** The committed ones; 0 and null before the first commit. The lineage is in decimal digits. */
  readonly version: number;
  readonly tick: number;
  readonly lineage: string | null;
  /** This session's number in the channel: its key in tables keyed by sessions. Another one in a new lineage; null before the first commit. */
  readonly me: number | null;
  /** What the application said when it let us in. */
  readonly data: Data | null;
  readonly audiences: number[];
  /** Resolves at the first commit. */
  readonly ready: Promise<Room<T>>;
  on<E extends keyof RoomEvents>(event: E, handler: RoomEvents<T>[E]): Off;
  /** Bytes as they are, anything else as JSON in UTF-8. Never rejects; throws a TypeError for what is neither. */
  send(input: unknown, options?: SendOptions): Promise<Outcome>;
  /**
   * Says something beside the inputs, with or without the right to write: at most once, not numbered, behind the inputs sent
   * before it. False if nobody is there to take it: it is not kept.
   */
  say(data: unknown): boolean;
  /** Takes the right to write. The rules of both channels are given the options: bytes as they are, anything else as JSON. */
  write(options?: { options?: unknown }): void;
  /** Gives the right to write back; the rule is given the options. */
  release(options?: { options?: unknown }): void;
  close(): void;
}

/** The visible rows. They change only when a tick is committed; a row keeps its object while it is there. */
export interface Table<K = any, R = any> extends ReadonlyMap<K, Readonly<R>> {
  readonly name: string;
  onAdd(handler: (key: K, row: Readonly<R>) => void): Off;
  onChange(handler: (key: K, row: Readonly<R>, fields: (keyof R & string)[], before: R) => void): Off;
  onRemove(handler: (key: K, row: Readonly<R>) => void): Off;
}

export interface Data {
  readonly bytes: Uint8Array;
  /** Throws if it is not UTF-8. */
  readonly text: string;
  /** Throws if it is not JSON. */
  readonly json: any;
}

/** The hub told one hash of an audience's rows at `version`, we hold another; both are 16 hexadecimal digits. */
export interface Disagreement { audience: number; version: number; told: string; held: string }

export interface Change {
  table: Table;
  kind: "add" | "change" | "remove";
  key: Key;
  row: any;
  fields?: string[];
  before?: any;
}

// For tests and tools: the pure parts.

export interface FieldSchema { name: string; type: number; optional: boolean; step: number | undefined }
export interface TableSchema { name: string; keys: "integer" | "text" | "session"; fields: FieldSchema[] }
export interface PatchChange { table: TableSchema; operation: "remove" | "insert" | "set"; key: Key; values: Row | undefined }

export class ProtocolError extends Error {}
/** All of these throw a ProtocolError on bytes that break docs/WIRE.md. */
export function decodeSchema(reader: ByteReader): TableSchema[];
export function decodePatch(bytes: Uint8Array, schema: TableSchema[]): PatchChange[];

export class ByteReader {
  constructor(bytes: Uint8Array);
  readonly remaining: number;
  readonly atEnd: boolean;
  u8(): number;
  u64(): bigint;
  num(): number;
  anyNum(): number | bigint;
  int(): number | bigint;
  float(): number;
  double(): number;
  take(count: number): Uint8Array;
  bytes(): Uint8Array;
  text(): string;
  flag(): boolean;
  nums(): number[];
  peek(): number;
  rest(): Uint8Array;
  end(): void;
}

export class ByteWriter {
  readonly count: number;
  /** A copy. */
  readonly bytes: Uint8Array;
  /** Only good until the next write. */
  readonly view: Uint8Array;
  clear(): this;
  u8(value: number): this;
  u64(value: bigint | number | string): this;
  num(value: bigint | number): this;
  int(value: bigint | number): this;
  float(value: number): this;
  double(value: number): this;
  blob(bytes: Uint8Array): this;
  text(value: string): this;
  nums(values: number[]): this;
  raw(bytes: Uint8Array | number[]): this;
}

/** The hash of a row, or a sum of them: `begin(table number)`, `hash(key)`, `hash(values)`; docs/WIRE.md, State hash. */
export class StateHash {
  begin(tableNumber: number): this;
  hash(bytes: Uint8Array): this;
  add(row: StateHash): void;
  /** 16 hexadecimal digits. */
  readonly digits: string;
}

/** What is held of a channel: told what arrived, it answers; no socket, no clock. */
export class Mirror {
  readonly lineage: string | null;
  /** This session's number in the channel: its key in tables keyed by sessions. Another one in a new lineage; null before the first commit. */
  readonly me: number | null;
  readonly version: number;
  readonly tick: number;
  readonly schema: TableSchema[] | null;
  readonly held: { lineage: string; version: number; audiences: number[] } | null;
  readonly needsReading: boolean;
  /** What was found at the last mark. */
  readonly disagreement: Disagreement | null;
  readonly tableNames: string[];
  table(name: string): Table;
  /** The state hash of an audience's rows, 16 hexadecimal digits, made from them at each call. */
  hash(audience?: number): string;
  attached(answer: { lineage: string; kept: number[] }): void;
  /** Says which audiences go on from what is held when they change while the channel is read; others come whole. */
  regrouped(change: { kept: number[] }): void;
  /** The body of a section behind its link. */
  section(reader: ByteReader): "staged" | "ignored" | "gap";
  piece(reader: ByteReader, link: number): "staged" | "ignored" | "gap";
  mark(mark: { base: number; version: number; tick: number }): Change[] | "ignored" | "gap";
  linkLost(): void;
  forget(): void;
}

/** Inputs numbered per grant, at most a window under way. */
export class InputQueue {
  constructor(options?: { resend?: boolean });
  readonly grant: string | null;
  readonly unsettledCount: number;
  offer(bytes: Uint8Array): Promise<Outcome>;
  granted(grant: string, highest: number, refused: number[]): boolean;
  acked(highest: number, tick: number): void;
  refused(number: number, reason: string): void;
  nextFrames(): ByteWriter[];
  paused(): void;
  withdrawn(reason: string): void;
  ended(reason: string): void;
}

export const limits: Readonly<Record<string, number>>;
export const codes: Readonly<Record<string, number>>;
export function hexOf(bytes: Uint8Array): string;
export function bytesOfHex(text: string): Uint8Array;
export function backoffMilliseconds(attempt: number, chance: number): number;
export function retryMilliseconds(reason: string): number;
