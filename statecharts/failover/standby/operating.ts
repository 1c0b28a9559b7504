/**
 * How a standby gets its server to do what was ordered: it claims the server, asks whether its term is still in office, and
 * only then operates, one operation after another. When one is not done, the session may be gone, and it claims again.
 *
 * An old primary that no fence reaches is stopped, where there is a means beside the server itself (STONITH: Robertson 2001).
 * Nothing waits for it, as the standbys are fenced; it ends what clients still hear of a server that only they reach.
 */

import { message, repeating } from '../../actor.ts';
import { steered } from './vocabulary.ts';

const obey = { type: 'obey', params: message } as const;
const stonith = { rule: 'an old primary that no fence reaches is stopped' } as const;
const claimAnew = { rule: 'claim, then ask who is in office, then operate' } as const;

/** Another order of the same term, in a state that waits for nothing but time. */
const otherOrder = <const Target extends string>(target: Target) =>
  ({ guard: { type: 'isOtherOrder', params: message }, target, actions: obey }) as const;

const missed = {
  guard: { type: 'isMissed', params: message },
  target: 'retrying',
  actions: { type: 'noteMiss', params: message },
} as const;

export const operating = steered.createStateConfig({
  initial: 'idle',
  on: {
    steer: [
      { guard: { type: 'isOutdated', params: message } },
      { guard: { type: 'isRest', params: message }, target: '.idle', actions: obey },
      { guard: { type: 'isOfLaterTerm', params: message }, target: '.claiming', actions: obey, meta: claimAnew },
      { actions: obey },
    ],
    recorded: {},
    performed: {},
  },
  states: {
    idle: {
      on: {
        steer: [
          { guard: { type: 'isOutdated', params: message } },
          { guard: { type: 'isRest', params: message }, actions: obey },
          { target: 'claiming', actions: obey, meta: claimAnew },
        ],
      },
    },
    claiming: {
      entry: 'claimServer',
      on: {
        performed: [
          {
            guard: { type: 'isDone', params: message },
            target: 'asking',
            actions: { type: 'note', params: message },
            meta: claimAnew,
          },
          missed,
        ],
      },
    },
    asking: {
      ...repeating('asking', 'askWhoIsInOffice', 'retryInterval'),
      on: {
        recorded: [
          { guard: { type: 'isInOffice', params: message }, target: 'working', meta: claimAnew },
          {
            guard: { type: 'isDeposed', params: message },
            target: 'idle',
            actions: 'standDown',
            meta: { rule: 'a deposed manager operates nothing' },
          },
        ],
      },
    },
    working: {
      entry: 'operate',
      on: {
        performed: [
          {
            guard: { type: 'isDone', params: message },
            target: 'pausing',
            actions: { type: 'note', params: message },
          },
          missed,
        ],
      },
    },
    pausing: {
      always: { guard: 'hasMoreToDo', target: 'working' },
      on: { steer: otherOrder('working') },
      after: { lookInterval: 'working' },
    },
    retrying: {
      on: { steer: otherOrder('claiming') },
      after: {
        retryInterval: [
          { guard: 'mayHaveToStop', target: 'judging', actions: 'beginQuestion' },
          { guard: 'mayStart', target: 'starting' },
          { target: 'claiming', meta: claimAnew },
        ],
      },
    },
    judging: {
      ...repeating('judging', 'askWhoIsInOffice', 'retryInterval'),
      on: {
        recorded: [
          { guard: { type: 'isToStop', params: message }, target: 'stopping', meta: stonith },
          { guard: { type: 'isDeposed', params: message }, target: 'idle', actions: 'standDown', meta: stonith },
          { guard: { type: 'isToStart', params: message }, target: 'starting' },
          { guard: { type: 'isInOffice', params: message }, target: 'claiming', meta: claimAnew },
        ],
      },
    },
    stopping: {
      entry: 'stopServer',
      on: {
        performed: [
          {
            guard: { type: 'isDone', params: message },
            target: 'claiming',
            actions: 'noteStopped',
            meta: stonith,
          },
          { ...missed, target: 'claiming' },
        ],
      },
    },
    starting: {
      entry: 'startServer',
      on: {
        performed: [
          { ...missed, target: 'claiming' },
          { guard: { type: 'isAnswered', params: message }, target: 'claiming', meta: claimAnew },
        ],
      },
    },
  },
});
