/** An actor that adds up what it is asked to add. */

import * as v from 'valibot';
import { setup } from 'xstate';
import { type Delivered, defineActor, message, rulesOf } from '../../../statecharts/actor.ts';

interface Context {
  readonly count: number;
}
type Add = Delivered<{ readonly type: 'add'; readonly by: number }>;
const { bind } = rulesOf<Context, Add, never>();

const chart = setup({
  types: { context: {} as Context, events: {} as Add, input: {} as number },
  ...bind({ add: ({ count }, { by }: Add) => ({ context: { count: count + by } }) }),
}).createMachine({
  id: 'counter',
  context: ({ input }) => ({ count: input }),
  on: { add: { actions: { type: 'add', params: message } } },
  initial: 'counting',
  states: { counting: {} },
});

export const counter = defineActor({
  name: 'counter',
  chart,
  requests: { add: v.object({ by: v.number() }) },
  input: (_recovered: undefined, { input }: { input: number }) => input,
});
