"""Retrieve for a chat: from OpenAI-style messages to the prompt for a language model.

Before: `disco demo`. Then: python examples/03_openai_messages.py [demo]
"""

import sys

from disco_pyserini import Conversation, DiscoSearcher

[folder] = sys.argv[1:] or ["demo"]

messages = [
    {"role": "system", "content": "Answer from the passages, and name the passage."},
    {"role": "user", "content": "How did Lerduvale come into being?"},
    {"role": "assistant", "content": "Lerduvale was founded in 1381 by salt traders."},
    {"role": "user", "content": [{"type": "text", "text": "Is it chilly there in winter?"}]},
]

with DiscoSearcher(f"{folder}/index") as searcher:
    hits = searcher.search(Conversation.from_messages(messages), k=2)
    passages = "\n".join(f"[{hit.docid}] {hit.text}" for hit in hits)

system, *chat = messages
prompt = [{**system, "content": f"{system['content']}\n\n{passages}"}, *chat]

# Now send it: client.chat.completions.create(model=…, messages=prompt)
for message in prompt:
    print(f"{message['role']}: {message['content']}")
