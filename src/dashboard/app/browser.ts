/** What the page takes from its browser: time, timers, and the connection to where the page came from. */

/** Milliseconds that only grow. */
export const nowMs = (): number => performance.now();

/** Calls `task` once, after `delayMs`. @returns what cancels that */
export function later(task: () => void, delayMs: number): () => void {
  const timer = setTimeout(task, delayMs);
  return () => clearTimeout(timer);
}

/** Calls `task` before the next picture is drawn, with the time since the last one in milliseconds, until it is cancelled. */
export function eachFrame(task: (elapsedMs: number) => void): () => void {
  let before = nowMs();
  let frame = requestAnimationFrame(function draw() {
    const now = nowMs();
    task(now - before);
    before = now;
    frame = requestAnimationFrame(draw);
  });
  return () => cancelAnimationFrame(frame);
}

/** The address of `path` relative to the page, without the page's fragment. */
export function addressOf(path: string, parameters: Readonly<Record<string, string>> = {}): URL {
  const url = new URL(path, location.href.replace(/#.*$/, ''));
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  return url;
}
