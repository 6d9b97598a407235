// Live examples take the shade of the page around them, also when it is switched.
document.addEventListener("DOMContentLoaded", () => {
  const root = document.documentElement;
  const frames = document.querySelectorAll(".skuhas-live iframe");

  function follow(frame) {
    try {
      const page = frame.contentDocument;
      const shade = page.documentElement.dataset.shade;
      if (shade && shade !== root.dataset.theme) page.getElementById("theme").click();
    } catch {
      // Pages opened as files may not look into each other; the system decides there.
    }
  }

  for (const frame of frames) {
    frame.addEventListener("load", () => follow(frame));
    follow(frame);
  }
  new MutationObserver(() => frames.forEach(follow)).observe(root, {
    attributeFilter: ["data-theme"],
  });
});
