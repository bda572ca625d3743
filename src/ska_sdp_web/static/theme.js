// Dark or light: that of the system, or the one that the user has chosen in this browser.

const KEY = "sdp-theme";
const CHOICES = ["auto", "light", "dark"];
const MEDIA = { auto: "(prefers-color-scheme: dark)", light: "not all", dark: "all" };

/** Apply the stored theme, and let a button change it. */
export function startTheme(button) {
  let choice = stored();
  const apply = () => {
    document.getElementById("dark").media = MEDIA[choice];
    document.querySelector("meta[name=color-scheme]").content = choice === "auto" ? "light dark" : choice;
    button.textContent = `Theme: ${choice}`;
  };
  button.onclick = () => {
    choice = CHOICES[(CHOICES.indexOf(choice) + 1) % CHOICES.length];
    store(choice);
    apply();
  };
  apply();
}

// A browser that permits no storage has the system's theme at each visit.
function stored() {
  try {
    const found = localStorage.getItem(KEY);
    return CHOICES.includes(found) ? found : "auto";
  } catch {
    return "auto";
  }
}

function store(choice) {
  try {
    localStorage.setItem(KEY, choice);
  } catch {
    // The choice lasts as long as the page.
  }
}
