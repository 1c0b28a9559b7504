/** Strongly connected components, after Tarjan, without recursion: the graphs are deeper than any stack. */

import { elementAt } from '../tables/interned.ts';

interface Frame {
  readonly node: number;
  readonly next: readonly number[];
  at: number;
}

/**
 * The components in which one can go on for ever: those of several nodes, and single nodes with an edge to themselves.
 *
 * @param size the nodes are the numbers from 0 to below this
 * @param after the nodes after a node; called once for each
 */
export function componentsOf(size: number, after: (node: number) => readonly number[]): number[][] {
  // Both count from 1; 0 is a node that was not visited. A low link of `done` marks a node whose component is known.
  const visited = new Uint32Array(size);
  const low = new Uint32Array(size);
  const done = 2 ** 32 - 1;
  const stack: number[] = [];
  const components: number[][] = [];
  let clock = 0;

  const enter = (frames: Frame[], node: number): void => {
    clock += 1;
    visited[node] = clock;
    low[node] = clock;
    stack.push(node);
    frames.push({ node, next: after(node), at: 0 });
  };
  const lower = (node: number, to: number): void => {
    low[node] = Math.min(low[node] ?? 0, to);
  };

  for (let root = 0; root < size; root += 1) {
    if (visited[root] !== 0) continue;
    const frames: Frame[] = [];
    enter(frames, root);
    for (let frame = frames.at(-1); frame !== undefined; frame = frames.at(-1)) {
      const { node, next } = frame;
      if (frame.at < next.length) {
        const to = elementAt(next, frame.at);
        frame.at += 1;
        if (visited[to] === 0) enter(frames, to);
        else if (low[to] !== done) lower(node, visited[to] ?? 0);
        continue;
      }
      frames.pop();
      const above = frames.at(-1);
      if (above !== undefined) lower(above.node, low[node] ?? 0);
      if (low[node] !== visited[node]) continue;
      const component = stack.splice(stack.lastIndexOf(node));
      for (const member of component) low[member] = done;
      if (component.length > 1 || next.includes(node)) components.push(component);
    }
  }
  return components;
}
