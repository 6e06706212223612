FROM nginx:1.28-alpine
COPY site.conf /etc/nginx/conf.d/default.conf
