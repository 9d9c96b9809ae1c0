import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { GOALS, SHAPES } from './shapes.ts';
import { simulate } from './simulate.ts';

describe.each(SHAPES)('$name, $pages pages', (shape) => {
  test('no page is lost, no told time is anticipated, and the goals are met', async () => {
    const result = await simulate(shape);
    expect(result.ok).toBe(shape.pages);
    expect(result.tooEarly).toBe(0);
    expect(result.ratio).toBeLessThanOrEqual(1.25);
    if (shape.outOfReach !== undefined) return;
    const goal = GOALS[shape.openness];
    expect(result.ratio).toBeLessThanOrEqual(goal.ratio);
    expect(result.wastedShare).toBeLessThanOrEqual(goal.wasted);
  });
});

test('docs/politeness.md shows every shape', () => {
  const text = readFileSync(new URL('../../docs/politeness.md', import.meta.url), 'utf8');
  for (const { name } of SHAPES) expect(text).toContain(`| ${name} |`);
});
