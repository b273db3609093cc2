"""Train a query encoder further with a loss of your own: the Huber loss between the student's and the teacher's scores.

Before: `disco demo`. Then: python examples/07_custom_loss.py [demo]
"""

import sys

from torch.nn import functional as F

from disco_pyserini import SampledLoss, train
from disco_pyserini.training.losses import LOSSES, own

[folder] = sys.argv[1:] or ["demo"]


class HuberLoss(SampledLoss):
    def sampled_parts(self, queries, scores, teacher):
        """Compare scores (batch, 1 + candidates) of each query's own documents."""
        loss = F.huber_loss(own(scores), teacher)
        print(f"huber {loss.item():.3f}")
        return {"huber": loss}


LOSSES.register("huber", HuberLoss)

trained = train(
    {
        "model": {"document_encoder": "disco-tiny", "query_encoder": "disco-tiny"},
        "data": {
            "turns": f"{folder}/turns.train.jsonl",
            "qrels": f"{folder}/qrels.train.txt",
            "vectors": f"{folder}/vectors",
        },
        "teacher": {"rewrites": ["human"], "depth": 100},
        "loss": {"name": "huber"},
        "sampling": {"candidates": 8, "skip": 0, "depth": 100},
        "arguments": {
            "output_dir": f"{folder}/huber-encoder",
            "max_steps": 20,
            "per_device_train_batch_size": 16,
            "learning_rate": 1e-4,
            "disable_tqdm": True,
        },
    }
)
print(f"The encoder is in {trained.folder}")
