/**
 * The bounded retransmission protocol (Helmink, Sellink & Vaandrager 1994), as D'Argenio, Jeannet, Jensen & Larsen (2001)
 * analyse it: a file of several chunks over two channels that lose, each chunk sent again so many times at most.
 */

import type { Choice } from '../../../src/odds.ts';

export interface Retransmission {
  readonly sender: 'idle' | 'next' | 'waiting' | 'again' | 'success' | 'error' | 'resting';
  readonly report: 'none' | 'failed' | 'unsure' | 'succeeded';
  readonly retries: number;
  readonly chunk: number;
  readonly bit: boolean;
  /** What the frame on its way says: its bit, and whether it is the first or the last one. */
  readonly frame: Frame;
  readonly receiver: 'new' | 'first' | 'received' | 'reported' | 'idle' | 'resting';
  readonly heard: 'none' | 'first' | 'middle' | 'whole' | 'broken';
  readonly got: Frame;
  readonly expectedBit: boolean;
  readonly hasReceived: boolean;
  readonly hasBegun: boolean;
  readonly frames: Channel;
  readonly acknowledgements: Channel;
}

interface Frame {
  readonly bit: boolean;
  readonly isFirst: boolean;
  readonly isLast: boolean;
}
type Channel = 'empty' | 'carries' | 'lost';
type Step = readonly { readonly probability: number; readonly state: Retransmission }[];

const noFrame: Frame = { bit: false, isFirst: false, isLast: false };
const frameLoss = 0.02;
const acknowledgementLoss = 0.01;

export const boundedRetransmission = (chunks: number, maxRetries: number) => {
  const start: Retransmission = {
    sender: 'idle',
    report: 'none',
    retries: 0,
    chunk: 0,
    bit: false,
    frame: noFrame,
    receiver: 'new',
    heard: 'none',
    got: noFrame,
    expectedBit: false,
    hasReceived: false,
    hasBegun: false,
    frames: 'empty',
    acknowledgements: 'empty',
  };

  const send = (state: Retransmission, retries: number): Step => {
    const { chunk, bit } = state;
    const frame = { bit, isFirst: chunk === 1, isLast: chunk === chunks };
    const sent = { ...state, sender: 'waiting', retries, frame } as const;
    return [
      { probability: 1 - frameLoss, state: { ...sent, frames: 'carries' } },
      { probability: frameLoss, state: { ...sent, frames: 'lost' } },
    ];
  };
  const acknowledge = (state: Retransmission): Step => [
    { probability: 1 - acknowledgementLoss, state: { ...state, receiver: 'idle', acknowledgements: 'carries' } },
    { probability: acknowledgementLoss, state: { ...state, receiver: 'idle', acknowledgements: 'lost' } },
  ];
  const surely = (state: Retransmission): Step => [{ probability: 1, state }];

  const ofSender = (state: Retransmission): Step[] => {
    const { sender, retries, chunk } = state;
    switch (sender) {
      case 'idle':
        return state.hasBegun ? [] : [surely({ ...state, sender: 'next', chunk: 1, report: 'none', hasBegun: true })];
      case 'next':
        return state.frames === 'empty' ? [send(state, 0)] : [];
      case 'waiting':
        if (state.acknowledgements === 'carries') {
          return [surely({ ...state, sender: 'success', bit: !state.bit, acknowledgements: 'empty' })];
        }
        if (state.frames === 'lost') return [surely({ ...state, sender: 'again', frames: 'empty' })];
        if (state.acknowledgements === 'lost')
          return [surely({ ...state, sender: 'again', acknowledgements: 'empty' })];
        return [];
      case 'again': {
        if (retries < maxRetries) return state.frames === 'empty' ? [send(state, retries + 1)] : [];
        return [surely({ ...state, sender: 'error', report: chunk < chunks ? 'failed' : 'unsure' })];
      }
      case 'success':
        if (chunk < chunks) return [surely({ ...state, sender: 'next', chunk: chunk + 1 })];
        return [surely({ ...state, sender: 'idle', report: 'succeeded' })];
      default:
        return [];
    }
  };
  const receive = (state: Retransmission, receiver: 'first' | 'received'): Step =>
    surely({ ...state, receiver, got: state.frame, hasReceived: state.hasBegun, frames: 'empty' });
  const ofReceiver = (state: Retransmission): Step[] => {
    const { receiver, got, expectedBit } = state;
    switch (receiver) {
      case 'new':
        return state.frames === 'carries' ? [receive(state, 'first')] : [];
      case 'first':
        return [surely({ ...state, receiver: 'received', expectedBit: got.bit })];
      case 'received':
        if (got.bit !== expectedBit) return state.acknowledgements === 'empty' ? [acknowledge(state)] : [];
        // A file of a single chunk is left out by the model.
        if (got.isFirst && got.isLast) return [];
        return [
          surely({ ...state, receiver: 'reported', heard: got.isFirst ? 'first' : got.isLast ? 'whole' : 'middle' }),
        ];
      case 'reported':
        return state.acknowledgements === 'empty' ? [acknowledge({ ...state, expectedBit: !expectedBit })] : [];
      case 'idle':
        return state.frames === 'carries' ? [receive(state, 'received')] : [];
      default:
        return [];
    }
  };
  /** After an error both rest, until neither takes anything for a part of the next file. */
  const resting = (state: Retransmission): Step[] => {
    const { sender, receiver } = state;
    if (sender !== 'error' && sender !== 'resting') return [];
    const next = sender === 'error' ? ({ sender: 'resting' } as const) : ({ sender: 'idle', bit: false } as const);
    switch (receiver) {
      case 'new':
        return [surely({ ...state, ...next })];
      case 'idle':
        return [surely({ ...state, ...next, receiver: 'resting', ...(!state.frame.isLast && { heard: 'broken' }) })];
      case 'resting':
        return [surely({ ...state, ...next, receiver: 'new', heard: 'none' })];
      default:
        return [];
    }
  };

  /** A chain has no choice: where several steps are possible, each is as probable as another. */
  const choices = (state: Retransmission): Choice<Retransmission>[] => {
    const steps = [...ofSender(state), ...ofReceiver(state), ...resting(state)];
    // What has ended goes on in its last state, as the published counts have it.
    if (steps.length === 0) return [{ outcomes: surely(state) }];
    const outcomes = steps.flatMap((step) =>
      step.map(({ probability, state: next }) => ({ probability: probability / steps.length, state: next })),
    );
    return [{ outcomes }];
  };
  return { start, choices };
};
