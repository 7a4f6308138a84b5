// Asks before something is done that cannot be undone.

import { find } from '../chat/element.js'

/**
 * Ask, and wait for the answer. Escape, and everything else but the button that says what will happen, means no.
 *
 * @param {{ title: string, words: string, yes: string }} question `yes` says what will happen
 * @returns {Promise<boolean>}
 */
export function confirmed({ title, words, yes }) {
  const dialog = find('question', HTMLDialogElement)
  find('question-title', HTMLElement).textContent = title
  find('question-words', HTMLElement).textContent = words
  find('question-yes', HTMLElement).textContent = yes
  dialog.returnValue = ''
  dialog.showModal()
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => resolve(dialog.returnValue === 'yes'), { once: true })
  })
}
