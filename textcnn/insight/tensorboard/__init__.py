"""TensorBoard's files, where tensorboardX is installed (``pip install '.[tensorboard]'``).

Below a run's ``tensorboard/``:

===========  =======================================================================
``train/``   loss and accuracy of every step, gradients at every evaluation
``dev/``     loss, accuracy, macro F1 and precision-recall curves at every evaluation
``test/``    precision-recall curves of the test sentences
``result/``  options and final scores (HPARAMS), word vectors (PROJECTOR)
===========  =======================================================================

The last two are written once, when the run has ended by itself.

tensorboardX's own ``SummaryWriter`` writes from a thread: when the disk is full the thread dies
with a traceback, and training then waits for it for ever. So it is not used here.
"""

from textcnn.insight.tensorboard.listener import TensorBoard
from textcnn.insight.tensorboard.precision_recall import PrecisionRecall
from textcnn.insight.tensorboard.result import write_result

__all__ = ["PrecisionRecall", "TensorBoard", "write_result"]
