// Copies a text, and says on the button that it did.

/** How long the button says so, in milliseconds. */
const thanksMs = 1_600

/**
 * @param {HTMLButtonElement} button
 * @param {() => string} textToCopy
 */
export function copyOnClick(button, textToCopy) {
  const label = button.querySelector('.label') ?? button
  const usual = label.textContent
  let timer = 0
  button.addEventListener('click', async () => {
    label.textContent = (await copy(textToCopy())) ? 'Copied' : 'Not copied'
    clearTimeout(timer)
    timer = setTimeout(() => {
      label.textContent = usual
    }, thanksMs)
  })
}

/** @param {string} text */
async function copy(text) {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    return copyOldWay(text)
  }
}

/** Over plain HTTP from elsewhere there is no clipboard to write to. @param {string} text */
function copyOldWay(text) {
  const focused = document.activeElement
  const field = document.createElement('textarea')
  field.value = text
  field.className = 'unseen'
  document.body.append(field)
  field.select()
  const isCopied = document.execCommand('copy')
  field.remove()
  if (focused instanceof HTMLElement) focused.focus()
  return isCopied
}
