// Example chats, in the shape of chat interfaces, and a rewrite of the last question of each.

const chat = (...texts) => texts.map((content, at) => ({ role: at % 2 ? "assistant" : "user", content }));

export const EXAMPLES = {
  "Copying files": {
    messages: chat(
      "What does shutil.copy do?",
      "It copies the content of a file to another place, as cp does.",
      "Does it keep the permissions?",
      "Yes, it copies the permission bits, but no other metadata.",
      "And how do I do that for a whole directory?",
    ),
    rewrite: "How do I copy a whole directory and keep the permissions?",
  },
  "Reading JSON": {
    messages: chat(
      "How do I read a JSON file in Python?",
      "json.load reads one from an open file.",
      "What if I only have it as a string?",
    ),
    rewrite: "How do I read JSON from a string in Python?",
  },
  "Shuffling a list": {
    messages: chat(
      "How can I shuffle a list?",
      "random.shuffle does it in place.",
      "How do I get the same order every time?",
    ),
    rewrite: "How do I shuffle a list so that the order is the same every time?",
  },
};
