/** The other end of a connection as nobody should implement it: speaks the bytes that a test tells it to. */

import { randomBytes } from 'node:crypto';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { unpack } from 'msgpackr';
import { createFrameDecoder, encodeFrame, payloadOf } from '../../src/bus/tcp/frames.ts';
import { createTranscript, type Side, type Transcript } from '../../src/bus/tcp/handshake/transcript.ts';
import { decodeSealed, encodeSealed, parsePayload, type Sealed } from '../../src/bus/tcp/wire.ts';
import type { ClusterSecret, HostPort } from '../../src/bus/tcp.ts';
import { testSecret } from '../fixtures/secret.ts';
import { until } from './tcp-cluster.ts';

/** The kinds of frames. */
export const kinds = { envelope: 0, hello: 1, refusal: 2, absent: 3, ping: 4, pong: 5, proof: 6, sealed: 7 } as const;

export interface RawPeer {
  readonly socket: Socket;
  /** The payloads that arrived. */
  readonly payloads: unknown[];
  /** The bytes of each payload, one for one. */
  readonly bytes: Uint8Array[];
  /** Sends a payload in a frame of its own. */
  send(...payloads: unknown[]): void;
  /** The payload of the given kind that arrived first, once it has. */
  first(kind: number): Promise<unknown>;
  readonly closed: boolean;
}

function rawPeer(socket: Socket): RawPeer {
  const payloads: unknown[] = [];
  const bytes: Uint8Array[] = [];
  let closed = false;
  const decoder = createFrameDecoder(2 ** 31, (chunk, start, end) => {
    bytes.push(chunk.slice(start, end));
    payloads.push(unpack(chunk.subarray(start, end)));
    return true;
  });
  socket.on('data', (chunk) => decoder.push(chunk));
  socket.on('error', () => undefined);
  socket.on('close', () => {
    closed = true;
  });
  const of = (kind: number) => payloads.find((it) => Array.isArray(it) && it[0] === kind);
  return {
    socket,
    payloads,
    bytes,
    send: (...sent) => void socket.write(Buffer.concat(sent.map(encodeFrame))),
    async first(kind) {
      await until(() => of(kind) !== undefined, `a frame of kind ${kind}`);
      return of(kind);
    },
    get closed() {
      return closed;
    },
  };
}

/** An introduction as a node, as it stands in a frame. */
export const helloOf = (node: string, more: object = {}): unknown[] => [
  kinds.hello,
  {
    protocol: 'quorate',
    kind: 'node',
    node,
    cluster: 'test',
    nonce: new Uint8Array(randomBytes(32)),
    proof: 'peer',
    security: 'none',
    versions: { min: 2, max: 2 },
    ...more,
  },
];
/** An introduction as a client that proves nothing. */
export const clientHelloOf = (node: string, more: object = {}): unknown[] =>
  helloOf(node, { kind: 'client', proof: 'none', ...more });

/** What a raw peer says in a handshake, where it is to differ from what a good node would. */
export interface RawIdentity {
  readonly secret?: ClusterSecret;
  readonly journalId?: string;
  /** Of its introduction. */
  readonly hello?: object;
}

/** One side's part of the handshake between nodes, in which a test can stop at any step. */
export interface RawHandshake {
  readonly transcript: Transcript;
  /** The proof of a side, which becomes part of what was said. */
  prove(side: Side): Uint8Array;
  seal(side: Side, content: Sealed): Uint8Array;
  /** What a box of the other side holds. */
  open(side: Side, box: Uint8Array): Sealed | undefined;
}

/** @param first the payload of the hello of the side that dialled */
export function rawHandshake(first: Uint8Array, second: Uint8Array, secret = testSecret): RawHandshake {
  const transcript = createTranscript(secret.peerKey(), 'peer', new Uint8Array());
  transcript.add(first);
  transcript.add(second);
  return {
    transcript,
    prove(side) {
      const proof = transcript.proofOf(side);
      transcript.add(proof);
      return proof;
    },
    seal(side, content) {
      const box = transcript.seal(side, encodeSealed(content));
      transcript.add(box);
      return box;
    },
    open(side, box) {
      const content = transcript.unseal(side, box);
      transcript.add(box);
      return content === undefined ? undefined : decodeSealed(content);
    },
  };
}

/** The bytes of the first frame of a kind. */
export async function bytesOf(peer: RawPeer, kind: number): Promise<Uint8Array> {
  await peer.first(kind);
  const at = peer.payloads.findIndex((it) => Array.isArray(it) && it[0] === kind);
  return peer.bytes[at] ?? new Uint8Array();
}

/** Connects to a bus. */
export async function dialRaw(address: HostPort): Promise<RawPeer> {
  const socket = connect(address);
  const peer = rawPeer(socket);
  await new Promise((resolve) => socket.once('connect', resolve));
  return peer;
}

/** Connects to a bus and gets through its handshake, as a client that proves nothing. */
export async function dialAsClient(node: string, address: HostPort, more: object = {}): Promise<RawPeer> {
  const peer = await dialRaw(address);
  peer.send(clientHelloOf(node, more));
  await peer.first(kinds.hello);
  return peer;
}

const credentialsOf = ({ journalId }: RawIdentity): Sealed => ({
  type: 'credentials',
  credentials: journalId === undefined ? {} : { journalId },
});

/** Says hello as a node, and goes as far as its proof, and the answer to it. */
export async function dialAndProve(node: string, address: HostPort, identity: RawIdentity = {}) {
  const peer = await dialRaw(address);
  const hello = helloOf(node, identity.hello);
  peer.send(hello);
  const answer = await bytesOf(peer, kinds.hello);
  const handshake = rawHandshake(payloadOf(encodeFrame(hello)), answer, identity.secret);
  peer.send([kinds.proof, handshake.prove('dialled')]);
  return { peer, handshake };
}

/** What the other side said with its proof. */
export async function openProof({ peer, handshake }: { peer: RawPeer; handshake: RawHandshake }, side: Side) {
  const frame = parsePayload(await peer.first(kinds.proof));
  if (frame.kind !== 'proof') throw new Error('expected a proof');
  const isProof = handshake.transcript.isProofOf(side, frame.proof);
  handshake.transcript.add(frame.proof);
  return { isProof, content: frame.sealed === undefined ? undefined : handshake.open(side, frame.sealed) };
}

/** Connects to a bus, gets through its handshake as a node, and hears the last word. */
export async function dialAs(node: string, address: HostPort, identity: RawIdentity = {}) {
  const dialled = await dialAndProve(node, address, identity);
  const { peer, handshake } = dialled;
  await openProof(dialled, 'accepted');
  peer.send([kinds.sealed, handshake.seal('dialled', credentialsOf(identity))]);
  const last = parsePayload(await peer.first(kinds.sealed));
  return { peer, verdict: last.kind === 'sealed' ? handshake.open('accepted', last.sealed) : undefined };
}

/** Answers a bus that dialled, and gets through its handshake as a node. */
export async function answerAs(node: string, peer: RawPeer, identity: RawIdentity = {}): Promise<void> {
  const first = await bytesOf(peer, kinds.hello);
  const hello = helloOf(node, identity.hello);
  peer.send(hello);
  const handshake = rawHandshake(first, payloadOf(encodeFrame(hello)), identity.secret);
  await openProof({ peer, handshake }, 'dialled');
  const proof = handshake.prove('accepted');
  peer.send([kinds.proof, proof, handshake.seal('accepted', credentialsOf(identity))]);
  const told = parsePayload(await peer.first(kinds.sealed));
  if (told.kind === 'sealed') handshake.open('dialled', told.sealed);
  peer.send([kinds.sealed, handshake.seal('accepted', { type: 'welcome' })]);
}

/** Listens where a bus will dial. */
export async function listenRaw(onPeer: (peer: RawPeer) => void): Promise<{ address: HostPort; close(): void }> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    onPeer(rawPeer(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const bound = server.address();
  if (bound === null || typeof bound === 'string') throw new Error('expected a port');
  return {
    address: { host: '127.0.0.1', port: bound.port },
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
