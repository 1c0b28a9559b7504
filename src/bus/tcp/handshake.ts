/**
 * The handshake, after which each side knows whom it talks to. D dialled, A accepted:
 *
 * | no. |        | what                                      | D is a node | D is a client with a secret | without |
 * | --- | ------ | ----------------------------------------- | ----------- | --------------------------- | ------- |
 * | 1   | D to A | hello: id, kind, cluster, versions, nonce | sent        | sent                        | sent    |
 * | 2   | A to D | hello, likewise                           | sent        | sent                        | A opens |
 * | 3   | D to A | D's proof over 1 and 2                    | sent        | sent                        |         |
 * | 4   | A to D | A's proof over 1 to 3                     | sent        | A opens                     |         |
 * |     |        | and A's credentials, sealed over 1 to 4   | sent        |                             |         |
 * | 5   | D to A | D's credentials, sealed over 1 to 4       | sent        |                             |         |
 * | 6   | A to D | a welcome, sealed over 1 to 5             | A opens     |                             |         |
 *
 * A side opens the session when it says its last word, or has heard it. Either may send a refusal instead of its next
 * message, upon which both close. It is sealed where the other side is known to hold the secret of nodes.
 *
 * * A proof is HMAC-SHA-256, under the key of nodes, that of clients or that of a token which D names in its hello, over everything that was said before (every byte:
 *   ids, kinds, cluster, versions, both nonces, what the connection is secured by) and over the side that proves. So an
 *   answer that is reflected, replayed, or taken from a session of another kind proves nothing.
 * * D proves first, so that A, which anyone can connect to, gives a stranger nothing to try guesses on. A stranger that
 *   listens where D dials gets a proof of D, which is of no use to it unless it can guess the secret: hence the least length.
 * * Credentials (the journal id) are said to a side that has proven itself, and sealed (AES-256-GCM): a relay, or whoever
 *   reads along, does not learn them. Each seal also vouches for all that was said before it, both sides' credentials too.
 * * Of tokens, A lists some: it looks for one in its list when D has proven it, and tells nobody else which there are.
 * * Hellos are claims. Nothing is remembered, and no session ended, on account of one.
 *
 * What it does not do without a secure channel below: frames after it are neither encrypted nor authenticated, so an attacker
 * on the path can take a session over. A hello says what secures its connection (`security`), and that channel's binding is
 * the first thing that proofs are over, so that with TLS a relay cannot stand between two channels. And all nodes hold one
 * secret: a node can play another one, unless a certificate names each.
 */

import { randomBytes } from 'node:crypto';
import { type HandshakeRefusedError, MalformedFrameError } from '../errors.ts';
import { payloadOf } from './frames.ts';
import { type Credentials, judgeCredentials, type PeerMemory, type Verdict } from './handshake/credentials.ts';
import { judgeGreeting, label } from './handshake/greeting.ts';
import { expect, type Heard, Refusal, refuse, refusedByPeer, refuseSealed } from './handshake/refusal.ts';
import { isProven, prove, seal, unseal } from './handshake/seals.ts';
import { createTranscript, type Side, type Transcript } from './handshake/transcript.ts';
import type { Security } from './security.ts';
import { type Hello, helloFrame, type Incoming, nonceBytes, type ProofKind, proofFrame, sealedFrame } from './wire.ts';

/** What a side says of itself in every handshake. */
export type Introduction = Omit<Hello, 'nonce' | 'proof' | 'security'>;

/** What a side can prove. A node that has neither opens services to clients that need no proof, and nothing else. */
export interface ProofKeys {
  readonly peer?: Uint8Array;
  readonly client?: Uint8Array;
  /** The key of the token of a name, listed or not: a stranger, who proves neither, learns nothing of names. */
  readonly ofToken?: (name: string) => Uint8Array | undefined;
  /** Whether a token opens sessions now, which is asked once it is proven: it may have been revoked since the hello. */
  readonly isListed?: (name: string) => boolean;
}

/** What both sides know when they judge each other. */
export interface Acquaintance {
  readonly memory: PeerMemory;
  /** Whether an id belongs to a node, so that no client may use it. */
  readonly isNodeId: (id: string) => boolean;
}

interface Speaker extends Acquaintance {
  readonly mine: Introduction;
  readonly keys: ProofKeys;
  /** What this side says of its journal, when it comes to that. */
  readonly credentials: () => Credentials;
}

export interface DialOptions extends Speaker {
  readonly side: 'dialled';
}

export interface AcceptOptions extends Speaker {
  readonly side: 'accepted';
  /** Whether sessions are opened with this node, provided that it proves to be one. */
  readonly isPeer: (id: string) => boolean;
  /** Whether a client at the other end has to prove that it holds the secret. */
  readonly clientsProve: boolean;
  /** Finds room for one more client, which has proven a token, if any. @returns why there is none */
  readonly admitClient: (client: Pick<Counterpart, 'node' | 'token'>) => Verdict | undefined;
}

export type HandshakeOptions = DialOptions | AcceptOptions;

/** The other side, as far as it is known for certain. */
export interface Counterpart {
  readonly kind: 'node' | 'client';
  readonly node: string;
  /** What it has proven; a node that was dialled by a client without a secret has proven nothing. */
  readonly proven: ProofKind;
  /** The name of the token that a client has proven, where that was not the secret of all clients. */
  readonly token?: string;
}

/** What is to be done next: to send these frames, and then to wait unless it is over. */
export interface HandshakeStep {
  readonly frames: readonly Uint8Array[];
  /** Set when the session is open. */
  readonly counterpart?: Counterpart;
  /** Set when one side refused the other. */
  readonly refusal?: HandshakeRefusedError;
  /** Whether the other side had proven who it is when one of them refused. */
  readonly isProven?: boolean;
}

/** One run of the handshake. */
export interface Handshake {
  /** Who the other side says that it is, once it has said so. */
  readonly claimed: string | undefined;
  begin(): HandshakeStep;
  /**
   * @param payload the bytes of the frame
   * @throws MalformedFrameError when the frame has no place here
   */
  receive(frame: Incoming, payload: Uint8Array): HandshakeStep;
}

/** Makes a run over a channel. The side that dialled speaks first. */
export function createHandshake(options: HandshakeOptions, security: Security): Handshake {
  let claimed: string | undefined;
  const run = options.side === 'dialled' ? dial(options, security) : accept(options, security);
  const stepOf = (advance: () => IteratorResult<readonly Uint8Array[], Opened>): HandshakeStep => {
    try {
      const { done, value } = advance();
      return done ? value : { frames: value };
    } catch (error) {
      if (error instanceof Refusal) return { frames: error.frames, refusal: error.cause, isProven: error.isProven };
      throw error;
    }
  };
  return {
    get claimed() {
      return claimed;
    },
    begin: () => stepOf(() => run.next(nothing)),
    receive(frame, payload) {
      if (frame.kind === 'hello') claimed ??= frame.hello.node;
      return stepOf(() => run.next({ frame, payload }));
    },
  };
}

interface Opened {
  readonly frames: readonly Uint8Array[];
  readonly counterpart: Counterpart;
}
type Run = Generator<readonly Uint8Array[], Opened, Heard>;

/** What the first call of a generator is given, and never sees. */
const nothing: Heard = { frame: { kind: 'ping' }, payload: new Uint8Array() };

function* dial(options: DialOptions, security: Security): Run {
  const { mine, keys } = options;
  const provesAsClient = keys.client !== undefined || mine.token !== undefined;
  const proof: ProofKind = mine.kind === 'node' ? 'peer' : provesAsClient ? 'client' : 'none';
  const hello: Hello = { ...mine, nonce: randomBytes(nonceBytes), proof, security: security.name };
  const greeting = helloFrame(hello);

  const answer = yield [greeting];
  const theirs = greetingIn(answer, hello, options, security);
  if (theirs.kind !== 'node' || theirs.proof !== proof) {
    refuse({ code: 'secret-required', reason: `${label(theirs)} does not prove the secret to ${label(hello)}` });
  }
  const counterpart: Counterpart = { kind: theirs.kind, node: theirs.node, proven: proof };
  if (proof === 'none') return { frames: [], counterpart };
  const key = keyOf(keys, hello) ?? refuseKeyless(hello);
  const transcript = transcriptOf(key, proof, security, [payloadOf(greeting), answer.payload]);

  const proven = expect('proof', yield [proofFrame(prove(transcript, 'dialled'))]);
  requireProven(transcript, 'accepted', proven.proof, theirs, hello);
  if (proof === 'client') return { frames: [], counterpart };
  const credentials = credentialsIn(transcript, 'accepted', proven.sealed);
  const verdict = judgeCredentials(mine.node, theirs.node, credentials, options.memory);
  if (verdict !== undefined) refuseSealed(transcript, 'dialled', verdict);

  const mineSealed = seal(transcript, 'dialled', { type: 'credentials', credentials: options.credentials() });
  const last = expect('sealed', yield [sealedFrame(mineSealed)]);
  requireWelcome(transcript, 'accepted', last.sealed);
  return { frames: [], counterpart };
}

function* accept(options: AcceptOptions, security: Security): Run {
  const { mine, keys } = options;
  const greeting = yield [];
  const nonce = randomBytes(nonceBytes);
  const { proof } = greeting.frame.kind === 'hello' ? greeting.frame.hello : { proof: 'none' as const };
  const hello: Hello = { ...mine, nonce, proof, security: security.name };
  const theirs = greetingIn(greeting, hello, options, security);
  requireProof(theirs, hello, options);
  const { kind, node, token } = theirs;
  const ofToken = proof === 'client' && token !== undefined ? { token } : {};
  const counterpart: Counterpart = { kind, node, proven: proof, ...ofToken };
  const answer = helloFrame(hello);
  if (proof === 'none') {
    admit(options, counterpart);
    return { frames: [answer], counterpart };
  }
  const key = keyOf(keys, theirs) ?? refuseKeyless(hello);
  const transcript = transcriptOf(key, proof, security, [greeting.payload, payloadOf(answer)]);

  const proven = expect('proof', yield [answer]);
  requireProven(transcript, 'dialled', proven.proof, theirs, hello);
  if (proof === 'client') {
    requireListed(counterpart, theirs, hello, options);
    admit(options, counterpart);
    return { frames: [proofFrame(prove(transcript, 'accepted'))], counterpart };
  }
  const mineProven = prove(transcript, 'accepted');
  if (!options.isPeer(theirs.node)) {
    const reason = `${label(theirs)} holds the secret of ${label(hello)}, which has no such peer; name it there, or start it under the id of a peer`;
    refuseSealed(transcript, 'accepted', { code: 'unexpected-node', reason }, mineProven);
  }
  const mineSealed = seal(transcript, 'accepted', { type: 'credentials', credentials: options.credentials() });

  const told = expect('sealed', yield [proofFrame(mineProven, mineSealed)]);
  const credentials = credentialsIn(transcript, 'dialled', told.sealed);
  const verdict = judgeCredentials(mine.node, theirs.node, credentials, options.memory);
  if (verdict !== undefined) refuseSealed(transcript, 'accepted', verdict);
  return { frames: [sealedFrame(seal(transcript, 'accepted', { type: 'welcome' }))], counterpart };
}

/** The other side's introduction, once it is accepted as one. */
function greetingIn(heard: Heard, mine: Hello, { isNodeId }: Acquaintance, security: Security): Hello {
  const { hello } = expect('hello', heard);
  const verdict = judgeGreeting(mine, hello, isNodeId);
  if (verdict !== undefined) refuse(verdict);
  const objection = hello.kind === 'node' ? security.objectionTo(hello.cluster ?? '', hello.node) : undefined;
  if (objection !== undefined) {
    const reason = `${label(hello)} ${objection}; give it a certificate of its own, which names it`;
    refuse({ code: 'wrong-certificate', reason });
  }
  if (hello.nonce !== undefined) return hello;
  throw new MalformedFrameError(`expected a nonce of ${nonceBytes} bytes from ${label(hello)}, got none`);
}

/** Refuses the dialling side unless what it wants to prove is what it has to. */
function requireProof(theirs: Hello, mine: Hello, { keys, clientsProve }: AcceptOptions): void {
  const { proof } = theirs;
  const want = theirs.kind === 'node' ? 'peer' : proof === 'none' && !clientsProve ? 'none' : 'client';
  if (want !== proof) {
    const how =
      want === 'peer'
        ? 'nodes must'
        : "clients must, unless they are on the node's own machine, or the node is told to open itself to clients";
    const secrets = 'the secret that quorate secret client prints, or a token (quorate secret token NAME)';
    const remedy = want === 'client' ? `; connect with ${secrets}` : '';
    refuse({ code: 'secret-required', reason: `${label(theirs)} did not offer to prove a secret: ${how}${remedy}` });
  }
  if (want !== 'none' && keyOf(keys, theirs) === undefined) {
    const reason = `${label(mine)} runs without a secret, so that no ${theirs.kind} can prove one to it; start it with the secret of the cluster`;
    refuse({ code: 'secret-required', reason });
  }
}

/** Refuses a client with a token that is genuine, and not listed. */
function requireListed({ token }: Counterpart, theirs: Hello, mine: Hello, { keys }: AcceptOptions): void {
  if (token === undefined || keys.isListed?.(token) === true) return;
  const reason = `${label(mine)} knows no token '${token}', which ${label(theirs)} has proven; have an operator list it, or connect with another one`;
  refuse({ code: 'secret-mismatch', reason });
}

function admit({ admitClient }: AcceptOptions, client: Counterpart): void {
  const verdict = admitClient(client);
  if (verdict !== undefined) refuse(verdict);
}

/** By which the side that dialled, which said this, proves itself, and the other side in turn. */
function keyOf(keys: ProofKeys, { proof, token }: Hello): Uint8Array | undefined {
  if (proof === 'none') return undefined;
  return proof === 'client' && token !== undefined ? keys.ofToken?.(token) : keys[proof];
}

const refuseKeyless = (mine: Hello): never =>
  refuse({ code: 'secret-required', reason: `${label(mine)} has no secret by which to prove itself` });

function transcriptOf(
  key: Uint8Array,
  proof: 'peer' | 'client',
  security: Security,
  [first, second]: readonly [Uint8Array, Uint8Array],
): Transcript {
  const transcript = createTranscript(key, proof, security.binding());
  transcript.add(first);
  transcript.add(second);
  return transcript;
}

/** Refuses the other side unless it has proven itself. */
function requireProven(transcript: Transcript, side: Side, proof: Uint8Array, theirs: Hello, mine: Hello): void {
  if (isProven(transcript, side, proof)) return;
  const reason = `${label(theirs)} did not prove the secret that ${label(mine)} holds; give both the same one`;
  refuse({ code: 'secret-mismatch', reason });
}

/** @throws Refusal when the other side refuses; MalformedFrameError when it says something else */
function credentialsIn(transcript: Transcript, side: Side, sealed: Uint8Array | undefined): Credentials {
  const content = unseal(transcript, side, sealed);
  if (content.type === 'refusal') throw refusedByPeer(content, true);
  if (content.type === 'credentials') return content.credentials;
  throw new MalformedFrameError(`expected credentials from the other side, got ${content.type}`);
}

/** @throws Refusal when the other side refuses; MalformedFrameError when it says something else */
function requireWelcome(transcript: Transcript, side: Side, sealed: Uint8Array): void {
  const content = unseal(transcript, side, sealed);
  if (content.type === 'refusal') throw refusedByPeer(content, true);
  if (content.type !== 'welcome') throw new MalformedFrameError(`expected a welcome, got ${content.type}`);
}
