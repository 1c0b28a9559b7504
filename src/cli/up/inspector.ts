/** The one page on which all nodes of `quorate up` are watched. */

import type { Clock } from '../../environment/clock.ts';
import type { InspectorServer } from '../../inspector/server.ts';
import type { Ready } from './news.ts';

/** Serves what the inspectors of the nodes that are ready show. @throws InspectorPortError */
export async function inspectorOf(clock: Clock, ready: () => Ready): Promise<InspectorServer> {
  const { gatherInspectors } = await import('../../inspector/server.ts');
  const urls = (): ReadonlyMap<string, string> =>
    new Map([...ready()].flatMap(([id, { inspectorUrl }]) => (inspectorUrl === undefined ? [] : [[id, inspectorUrl]])));
  return gatherInspectors({ clock, urls });
}
