// What axe finds wrong with a page.

import axe from 'axe-core'
import type { Page } from 'playwright-core'

/** What axe finds, one line each. */
export async function axeComplaints(page: Page): Promise<string[]> {
  await page.evaluate(axe.source)
  const { violations }: { violations: axe.Result[] } = await page.evaluate('axe.run()')
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`),
  )
}
