/** Which resource of a model has which parts. */

import type { Model, ResourceModel } from '../../checker.ts';

/** By the name of each part: the resource, and what the model calls it. */
export type Owners = ReadonlyMap<string, readonly [owner: string, resource: ResourceModel]>;

export const ownersOf = ({ resources = {} }: Pick<Model, 'resources'>): Owners =>
  new Map(
    Object.entries(resources).flatMap(([name, resource]) =>
      (resource.parts ?? [name]).map((part) => [part, [name, resource]] as const),
    ),
  );
