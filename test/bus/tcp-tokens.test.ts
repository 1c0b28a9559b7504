/** Tokens over TCP, as strangers try them: names that they guess, proofs that they heard, and lists that change meanwhile. */

import { afterEach, describe, expect, test } from 'vitest';
import { encodeFrame, payloadOf } from '../../src/bus/tcp/frames.ts';
import { createTranscript } from '../../src/bus/tcp/handshake/transcript.ts';
import { clientTokenOf, createTcpBus, type TcpBus } from '../../src/bus/tcp.ts';
import { testSecret } from '../fixtures/secret.ts';
import { clientHelloOf, dialRaw, kinds, type RawPeer } from './raw-peer.ts';
import { until } from './tcp-cluster.ts';

const opened: { close(): unknown }[] = [];
afterEach(async () => {
  for (const it of opened.splice(0)) await it.close();
});

async function start(): Promise<TcpBus> {
  const bus = await createTcpBus({
    node: 'n1',
    cluster: 'test',
    secret: testSecret,
    openClients: 'none',
    tokens: ['app', 'other'],
  });
  opened.push(bus);
  return bus;
}

const keyOf = (name: string): Uint8Array => clientTokenOf(testSecret.token(name)).key();
const helloWith = (more: object): unknown[] => clientHelloOf('client-x', { proof: 'client', ...more });

/** Says hello, and what would prove a key then. @param believed what the hello was when the proof was made */
async function greet(bus: TcpBus, hello: unknown[], key: Uint8Array, believed = hello) {
  const peer = await dialRaw(bus.address());
  opened.push({ close: () => peer.socket.destroy() });
  peer.send(hello);
  const transcript = createTranscript(key, 'client', new Uint8Array());
  transcript.add(payloadOf(encodeFrame(believed)));
  await until(() => peer.payloads.length > 0);
  transcript.add(peer.bytes[0] ?? new Uint8Array());
  return { peer, proof: transcript.proofOf('dialled') };
}

/** What is said to a proof. */
async function answerTo(peer: RawPeer): Promise<unknown> {
  await until(() => peer.payloads.length > 1);
  return peer.payloads[1];
}
const mismatch = [kinds.refusal, { code: 'secret-mismatch', reason: expect.any(String) }];

describe('a stranger', () => {
  test('does not learn which tokens there are', async () => {
    const bus = await start();
    const told: unknown[] = [];
    for (const token of ['app', 'nothing-like-it', '__proto__']) {
      const { peer, proof } = await greet(bus, helloWith({ token }), new Uint8Array(32));
      expect(peer.payloads, token).toMatchObject([[kinds.hello, {}]]);
      peer.send([kinds.proof, proof]);
      told.push(await answerTo(peer));
    }
    expect(told).toEqual([mismatch, told[0], told[0]]);
  });

  test('proves nothing by a proof of another connection, another token or another hello', async () => {
    const bus = await start();
    const hello = helloWith({ token: 'app' });
    const good = await greet(bus, hello, keyOf('app'));
    good.peer.send([kinds.proof, good.proof]);
    await good.peer.first(kinds.proof);
    const again = await greet(bus, hello, keyOf('app'));
    again.peer.send([kinds.proof, good.proof]);
    expect(await answerTo(again.peer)).toEqual(mismatch);
    // As one on the way would have it: another name, or the secret of all clients in place of a token.
    for (const said of [helloWith({ token: 'other' }), helloWith({})]) {
      const { peer, proof } = await greet(bus, said, keyOf('app'), hello);
      peer.send([kinds.proof, proof]);
      expect(await answerTo(peer)).toEqual(mismatch);
    }
  });
});

describe('the bearer of a token', () => {
  test('that is revoked between its hello and its proof gets no session', async () => {
    const bus = await start();
    const { peer, proof } = await greet(bus, helloWith({ token: 'app' }), keyOf('app'));
    bus.setTokens(['other'], new Set(['app']));
    peer.send([kinds.proof, proof]);
    expect(await answerTo(peer)).toEqual([
      kinds.refusal,
      { code: 'secret-mismatch', reason: expect.stringContaining("node n1 knows no token 'app'") },
    ]);
    const other = await greet(bus, helloWith({ token: 'other' }), keyOf('other'));
    other.peer.send([kinds.proof, other.proof]);
    await other.peer.first(kinds.proof);
  });
});
