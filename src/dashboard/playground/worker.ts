/** The playground's web worker: hears what is asked, and works at the last of it. */

import { systemClock } from '../../environment/clock.ts';
import type { Asked, Said } from './contract.ts';
import { choices, work } from './work.ts';

/** What a worker is in a browser. */
declare const self: {
  postMessage(said: Said): void;
  addEventListener(type: 'message', hear: (event: { readonly data: Asked }) => void): void;
};
declare const MessageChannel: new () => {
  readonly port1: { onmessage: (() => void) | null };
  readonly port2: { postMessage(message: null): void };
};

/** A browser holds back timeouts that follow each other, but not messages. */
const channel = new MessageChannel();
const turn = (): Promise<void> =>
  new Promise((resolve) => {
    channel.port1.onmessage = () => resolve();
    channel.port2.postMessage(null);
  });

let current = 0;
/** One thing after the other: what is no longer asked for ends by itself. */
let last: Promise<void> = Promise.resolve();
const clock = systemClock();
self.addEventListener('message', ({ data }) => {
  current = data.id;
  last = last.then(() =>
    work(data, { clock, turn, isCurrent: (id) => id === current, say: (said) => self.postMessage(said) }),
  );
});
self.postMessage({ type: 'choices', choices: choices() });
