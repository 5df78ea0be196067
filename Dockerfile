# Classifies by a model, a sentence a line:
#   docker build -t textcnn .
#   docker run -i -v "$PWD/runs/NAME/checkpoints/best.h5:/model.h5:ro" textcnn < sentences.txt
# or over HTTP, for programs on this machine:
#   docker run -p 127.0.0.1:8000:8000 -v … textcnn serve /model.h5 --host 0.0.0.0
FROM python:3.13-slim
COPY pyproject.toml requirements.txt README.md LICENSE /source/
COPY textcnn /source/textcnn
RUN pip install --no-cache-dir '/source[serve]' && rm -r /source && useradd --create-home textcnn
USER textcnn
WORKDIR /home/textcnn
ENTRYPOINT ["textcnn"]
CMD ["classify", "--checkpoint", "/model.h5", "--input", "-"]
