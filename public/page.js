// Puts the address that this page came from into the commands, so that they can be copied as they stand.

for (const place of document.querySelectorAll('.origin'))
  place.textContent = new URL('.', location.href).href.slice(0, -1)
