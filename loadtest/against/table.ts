// The ratios of two commits' costs in a terminal, and what they mean.

import { figureText, median, ratio } from '../report/figures.ts'
import { tableText } from '../report/table.ts'
import type { Comparison, Pair } from './against.ts'
import { type CostName, costs, wallCosts } from './costs.ts'

/** The median ratio above which a cost has grown. */
const most = 1.03

/** @param isBusy wall times say nothing then */
export function ratiosOf(pairs: readonly Pair[], isBusy: boolean) {
  return (Object.keys(costs) as CostName[]).map((name) => {
    // Ours in times of theirs, pair by pair; undefined where one could not be measured.
    const all = pairs.map(({ ours, theirs }) => ratio(ours[name], theirs[name]))
    const known = all.filter((value) => value !== undefined)
    const middle = median(all)
    const isJudged = middle !== undefined && !(isBusy && wallCosts.includes(name))
    return {
      name,
      ours: median(pairs.map(({ ours }) => ours[name])),
      theirs: median(pairs.map(({ theirs }) => theirs[name])),
      median: middle,
      least: known.length === 0 ? undefined : Math.min(...known),
      most: known.length === 0 ? undefined : Math.max(...known),
      isHeld: isJudged ? middle <= most : undefined,
    }
  })
}

export function comparisonText({ commit, access, isOwn, pairs, complaints }: Comparison, isBusy: boolean): string {
  const theirs = isOwn ? `its own, open, as ${commit} knows no tokens` : `those of ${commit}`
  const both = access === 'open' ? '' : `With ${access}. `
  const rows = ratiosOf(pairs, isBusy).map(({ name, ours, theirs, median, least, most, isHeld }) => [
    costs[name][0],
    median === undefined ? 'not measured' : isHeld === undefined ? 'not judged' : isHeld ? 'held' : 'GROWN',
    ...[median, least, most].map((value) => (value === undefined ? '–' : value.toFixed(3))),
    ...[ours, theirs].map((value) => (value === undefined ? '–' : `${figureText(value)} ${costs[name][1]}`)),
  ])
  const headings = ['cost', `median ≤ ${most}`, 'median', 'least', 'most', 'this', isOwn ? 'open' : commit]
  return [
    tableText({ title: '', headings, rows }),
    `${both}This checkout's costs in times of ${theirs}, measured in turn, pairs: ${pairs.length}. Below 1 this one costs less.`,
    ...(isBusy ? ['Wall times are not judged, as the machine was busy.'] : []),
    ...complaints.map((complaint) => `FAILED: ${complaint}`),
  ].join('\n\n')
}

/** Whether no cost has grown that could be judged. */
export function hasHeld({ pairs, complaints }: Comparison, isBusy: boolean): boolean {
  return complaints.length === 0 && pairs.length > 0 && ratiosOf(pairs, isBusy).every(({ isHeld }) => isHeld !== false)
}
