"""What made the files beside it, with PyTorch 2.13.0, which the tests do not need: `python make.py` in this folder."""

import torch
from torch import nn


class Backwards(nn.Module):
    """Registers its last layer first."""

    def __init__(self):
        super().__init__()
        self.fc2, self.fc1 = nn.Linear(2, 1), nn.Linear(2, 2)


torch.manual_seed(5)
mlp = nn.Sequential(nn.Linear(2, 2), nn.Tanh(), nn.Linear(2, 1), nn.Tanh())
with torch.no_grad():
    for p in mlp.parameters():
        p.copy_(torch.randint(-40, 41, p.shape) / 32)
torch.save(mlp.state_dict(), "sequential.pt")
torch.onnx.export(mlp, torch.zeros(1, 2), "sequential.onnx", dynamo=False)
net = Backwards()
net.fc1.load_state_dict(mlp[0].state_dict())
net.fc2.load_state_dict(mlp[2].state_dict())
adam = torch.optim.Adam(net.parameters()).state_dict()
torch.save({"epoch": 7, "state_dict": net.state_dict(), "optimizer": adam, "loss": 0.25}, "backwards.pt")
torch.save(mlp.half().state_dict(), "half.pt")
torch.save(mlp.to(torch.bfloat16).state_dict(), "bfloat.pt")
mlp.double()
torch.save({k: v.t().contiguous().t() for k, v in mlp.state_dict().items()}, "strides.pt")
torch.save(mlp, "whole_model.pt")
torch.save(mlp.float().state_dict(), "old_form.pt", _use_new_zipfile_serialization=False)
torch.save(dict(mlp.named_parameters()), "parameters.pt")
torch.jit.script(mlp).save("script.pt")
torch.save({k: torch.quantize_per_tensor(v, 0.1, 0, torch.qint8) for k, v in mlp.state_dict().items()}, "quantized.pt")
print({k: v.tolist() for k, v in mlp.state_dict().items()})
