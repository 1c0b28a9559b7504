/** A plot for the terminal: points of several series, the vertical axis logarithmic. */

export interface Point {
  readonly mark: string;
  readonly x: number;
  /** What is 0 stands on the lowest line. */
  readonly y: number;
}

const width = 64;
const height = 12;

/** Draws `points`; where two fall together the later one shows. */
export function plot(points: readonly Point[], xName: string, yName: string): string {
  const most = Math.max(...points.map(({ x }) => x));
  const greatest = Math.max(1, ...points.map(({ y }) => y));
  const positive = points.flatMap(({ y }) => (y > 0 ? y : []));
  const top = Math.log10(greatest);
  const bottom = Math.min(Math.log10(Math.min(greatest, ...positive)), top - 1);
  const lines = Array.from({ length: height }, () => Array.from({ length: width }, () => ' '));
  for (const { mark, x, y } of points) {
    const share = y > 0 ? (top - Math.log10(y)) / (top - bottom) : 1;
    const row = y > 0 ? Math.round(share * (height - 2)) : height - 1;
    const line = lines[row];
    if (line !== undefined) line[Math.min(width - 1, Math.round((x / most) * (width - 1)))] = mark;
  }
  const labels = lines.map((_, row) => {
    if (row === height - 1) return '0';
    return row === 0 || row === height - 2 ? (10 ** (top - (row / (height - 2)) * (top - bottom))).toPrecision(2) : '';
  });
  const drawn = lines.map((line, row) => `${(labels[row] ?? '').padStart(9)} |${line.join('')}`);
  const scale = `${' '.repeat(10)}+${'-'.repeat(width)}\n${' '.repeat(11)}0${String(Math.round(most)).padStart(width - 1)}`;
  return [`  ${yName}`, ...drawn, scale, `${' '.repeat(11)}${xName}`].join('\n');
}
