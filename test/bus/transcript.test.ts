import { describe, expect, test } from 'vitest';
import { createTranscript } from '../../src/bus/tcp/handshake/transcript.ts';
import { clusterSecretOf } from '../../src/bus/tcp.ts';

const key = new Uint8Array(32).fill(7);
const text = (content: string): Uint8Array => new Uint8Array(Buffer.from(content));
const saying = (said: readonly string[], use = 'peer', withKey: Uint8Array = key, binding = '') => {
  const transcript = createTranscript(withKey, use, text(binding));
  for (const it of said) transcript.add(text(it));
  return transcript;
};
const said = ['hello', 'hello to you'];

describe('a proof', () => {
  test('is that of its side, over what was said', () => {
    const proof = saying(said).proofOf('dialled');
    expect(saying(said).isProofOf('dialled', proof)).toBe(true);
    expect(proof).toHaveLength(32);
  });

  test.each<[what: string, other: ReturnType<typeof saying>]>([
    ['with another key', saying(said, 'peer', new Uint8Array(32))],
    ['for another use', saying(said, 'client')],
    ['over another channel', saying(said, 'peer', key, 'binding')],
    ['in another order', saying([...said].reverse())],
    ['cut elsewhere', saying(['hellohello', ' to you'])],
    ['of less', saying(['hello'])],
    ['of more', saying([...said, ''])],
  ])('%s is none', (_, other) => {
    expect(other.isProofOf('dialled', saying(said).proofOf('dialled'))).toBe(false);
  });

  test('of one side is none of the other, and a part of one is none', () => {
    const proof = saying(said).proofOf('dialled');
    expect(saying(said).isProofOf('accepted', proof)).toBe(false);
    expect(saying(said).isProofOf('dialled', proof.subarray(0, 31))).toBe(false);
    expect(saying(said).isProofOf('dialled', new Uint8Array())).toBe(false);
  });
});

test('proofs, seals and what is derived stay as they are: nodes of other releases make the same', () => {
  const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
  const secret = clusterSecretOf('a secret for a test that is never changed');
  const transcript = saying(said, 'peer', secret.peerKey());
  const proof = transcript.proofOf('dialled');
  expect(hex(proof)).toBe('af530d497bf1a26704074e20dd997f2e356bb277b0ebaff2ee04ac009d47ee74');
  transcript.add(proof);
  expect(hex(transcript.seal('accepted', text('the journal')))).toBe(
    '346a033005a8583270cc31aff76091113d16bc34bc06c954dc4200',
  );
  const client = secret.client();
  expect(client.text()).toBe('quorate-client-hDiY0daJwL4WkGJ33vnq6nN-iCSd9pODfLnE9EpEGKU');
  expect(client.httpToken()).toBe('quorate-http-5IfY1PE-YSVT744cGo1p26Z4DRgpxSBFd3ERuFKZkjU');
  expect(hex(client.key())).toBe('d85175f000ce10fb0fe1da04d494291eb57109f40214ac6433c84d9cb8066a30');
});

describe('a seal', () => {
  const content = text('the journal');

  test('hides its content, and opens at the same point alone', () => {
    const sealed = saying(said).seal('accepted', content);
    expect(Buffer.from(sealed).includes('journal')).toBe(false);
    expect(saying(said).unseal('accepted', sealed)).toEqual(content);
    expect(saying(said).unseal('dialled', sealed)).toBeUndefined();
    expect(saying([...said, 'more']).unseal('accepted', sealed)).toBeUndefined();
  });

  test('is broken by any change', () => {
    const sealed = saying(said).seal('accepted', content);
    for (let at = 0; at < sealed.length; at += 1) {
      const changed = Uint8Array.from(sealed);
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect(saying(said).unseal('accepted', changed)).toBeUndefined();
    }
    expect(saying(said).unseal('accepted', sealed.subarray(0, 15))).toBeUndefined();
  });
});
