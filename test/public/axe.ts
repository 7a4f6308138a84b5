// What axe finds wrong with a page.

import axe from 'axe-core'
import type { Page } from 'playwright-core'

/** What axe finds, one line each; or only what it calls serious, for a page whose structure is another's. */
export async function axeComplaints(page: Page, which: 'all' | 'serious' = 'all'): Promise<string[]> {
  await page.evaluate(axe.source)
  const { violations }: { violations: axe.Result[] } = await page.evaluate('axe.run()')
  const counts = ({ impact }: axe.Result) => which === 'all' || impact === 'serious' || impact === 'critical'
  return violations
    .filter(counts)
    .flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`))
}
