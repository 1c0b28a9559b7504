/** Refuses models that cannot be run as they were written, before anything runs. */

import { ModelError } from '../errors.ts';
import type { FairSteps } from '../fairness.ts';
import type { Model } from '../model.ts';
import type { StepKind } from '../steps.ts';

/** @throws ModelError, RefusedInputError for a request that its actor does not take */
export function checkModel<History>(model: Model<History>, nodes: readonly string[]): void {
  const addresses = model.actors.map(({ address }) => address);
  const twice = addresses.find((address, index) => addresses.indexOf(address) !== index);
  if (twice !== undefined) throw new ModelError(`two actors of model '${model.name}' have the address '${twice}'`);
  const livesOn = Object.values(model.resources ?? {}).some(({ changes }) => changes !== undefined);
  if (addresses.length === 0 && !livesOn) throw new ModelError(`model '${model.name}' has no actors`);
  for (const { actor, request } of model.requests ?? []) {
    const asked = model.actors.find(({ address }) => address === actor);
    if (asked === undefined) {
      const what = typeof request === 'function' ? 'something' : `'${request.type}'`;
      throw new ModelError(`${what} is asked of '${actor}', which the model lacks`);
    }
    if (typeof request !== 'function') asked.definition.parseRequest(request);
  }
  checkStarts(model);
  checkFairness(model);
  const stray = model.crashes?.nodes?.find((node) => !nodes.includes(node));
  if (stray !== undefined) throw new ModelError(`crashes.nodes names '${stray}'; nodes: ${nodes.join(', ')}`);
  const reader = model.actors.find(({ definition }) => definition.readsTime);
  if (reader !== undefined && model.clock === undefined) {
    throw new ModelError(`'${reader.address}' reads time; give the model a 'clock'`);
  }
}

function checkStarts<History>(model: Model<History>): void {
  for (const [name, { actors = [], resources = {}, history }] of Object.entries(model.starts ?? {})) {
    for (const { address, definition } of actors) {
      const own = model.actors.find((it) => it.address === address);
      if (own?.definition !== definition) {
        throw new ModelError(`the start '${name}' has '${address}', which is no actor of model '${model.name}'`);
      }
    }
    const stray = Object.keys(resources).find((it) => !Object.hasOwn(model.resources ?? {}, it));
    if (stray !== undefined) throw new ModelError(`the start '${name}' has '${stray}', which is no resource`);
    if (history !== undefined && model.history === undefined) {
      throw new ModelError(`the start '${name}' has a history, and model '${model.name}' keeps none`);
    }
  }
  if (model.starts !== undefined && Object.keys(model.starts).length === 0) {
    throw new ModelError(`expected model '${model.name}' to have a way to begin, got none in 'starts'`);
  }
}

/** The kinds of steps that may not be fair: what follows because something fails has not been shown. */
const unfair: readonly StepKind[] = ['crash', 'lose', 'duplicate'];
/** The kinds of steps that have names. */
const named: readonly StepKind[] = ['deliver', 'timer', 'request', 'execute', 'answer', 'unknown', 'change'];

function checkFairness<History>(model: Model<History>): void {
  const rules = [model.fair ?? [], ...Object.values(model.eventually ?? {}).map(({ fair }) => fair ?? [])].flat();
  for (const rule of rules.map((it): FairSteps => (typeof it === 'string' ? { steps: it } : it))) {
    const steps = typeof rule.steps === 'string' ? [rule.steps] : rule.steps;
    const fault = steps.find((kind) => unfair.includes(kind));
    if (fault !== undefined) {
      throw new ModelError(`'${fault}' is a fault and cannot be fair, or things would hold because something fails`);
    }
    const nameless = rule.named === undefined ? undefined : steps.find((kind) => !named.includes(kind));
    if (nameless !== undefined) throw new ModelError(`steps '${nameless}' have no names; leave out 'named'`);
    const stray = rule.actors?.find(({ address }) => model.actors.every((it) => it.address !== address));
    if (stray !== undefined) throw new ModelError(`fairness names '${stray.address}', which the model lacks`);
  }
}
