/** Plain data for people: a line each, and what is nested behind a mark that opens it. */

interface ValueProps {
  readonly name?: string;
  readonly value: unknown;
  /** Whether what is nested in it shows at once. */
  readonly isOpen?: boolean;
}

/** A value, with its name. */
export function Value({ name, value, isOpen = false }: ValueProps) {
  const members = membersOf(value);
  const label = name === undefined ? null : <span class="key">{name}</span>;
  if (members === undefined || members.length === 0) {
    return (
      <div class="value">
        {label} <Scalar value={value} />
      </div>
    );
  }
  return (
    <details class="value" open={isOpen}>
      <summary>
        {label} <span class="dim">{briefOf(value)}</span>
      </summary>
      {members.map(([key, member]) => (
        <Value key={key} name={key} value={member} />
      ))}
    </details>
  );
}

function Scalar({ value }: { readonly value: unknown }) {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return <span class={`scalar ${typeof value}`}>{text ?? 'undefined'}</span>;
}

function membersOf(value: unknown): readonly (readonly [string, unknown])[] | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  return Object.entries(value);
}

const maxBrief = 48;

/** The beginning of a value on one line. */
export function briefOf(value: unknown): string {
  const text =
    JSON.stringify(value)
      ?.replaceAll(/"(\w+)":/g, '$1: ')
      .replaceAll('"', '') ?? '';
  return text.length > maxBrief ? `${text.slice(0, maxBrief)}…` : text;
}
