/**
 * Transaction commit as in Lamport's specification TCommit: what any commit protocol must do, without messages. Whether
 * a resource manager may decide depends on all of them, which no actor can know: those are conditions of the model.
 */

import * as v from 'valibot';
import { setup } from 'xstate';
import { actorOf, defineModel, type Model, request, type SystemState } from '../../../src/checker.ts';
import { defineActor } from '../../../statecharts/actor.ts';

type Event = { readonly type: 'prepare' } | { readonly type: 'commit' } | { readonly type: 'abort' };

const decided = { prepare: {}, commit: {}, abort: {} };
const chart = setup({ types: { events: {} as Event } }).createMachine({
  id: 'rm',
  initial: 'working',
  states: {
    working: { on: { prepare: 'prepared', commit: {}, abort: 'aborted' } },
    prepared: { on: { prepare: {}, commit: 'committed', abort: 'aborted' } },
    committed: { on: decided },
    aborted: { on: decided },
  },
});

const resourceManager = defineActor({
  name: 'tcommit.rm',
  chart,
  requests: { prepare: v.object({}), commit: v.object({}), abort: v.object({}) },
  input: (_recovered: undefined, _birth: { input: undefined }) => undefined,
});

const valuesOf = (state: SystemState): unknown[] => state.actors.map(({ snapshot }) => snapshot?.value);

/** The specification with `count` resource managers. */
export function transactionCommit(count: number): Model {
  const nodes = Array.from({ length: count }, (_rm, index) => `rm${index + 1}`);
  const managers = nodes.map((node) => actorOf(resourceManager, node, { input: undefined }));
  return defineModel<unknown>({
    name: `transaction commit, ${count} resource managers`,
    actors: managers,
    deliveries: 'handled',
    requests: managers.flatMap((rm) => [
      request(rm, { type: 'prepare' }),
      request(
        rm,
        { type: 'commit' },
        { when: (state) => valuesOf(state).every((value) => value === 'prepared' || value === 'committed') },
      ),
      request(rm, { type: 'abort' }, { when: (state) => !valuesOf(state).includes('committed') }),
    ]),
    always: {
      consistent: (state) => !(valuesOf(state).includes('committed') && valuesOf(state).includes('aborted')),
    },
  });
}
